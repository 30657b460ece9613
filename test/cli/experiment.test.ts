/** From a trait to a measured correlation, as a user runs it; and what stands in the way, in one line each. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ExperimentSummary } from '../../src/experiment/experiment-summary.ts'
import { type FakeAnswer, type FakeRequest, judgeWell, startFakeOpenAi } from '../../src/judge/fake-openai.case.ts'
import { writeVector } from '../../src/vector/vector-file.ts'
import { extractedVector } from '../vector-formats/sample-vector.ts'
import { errorLines, runCommand } from './run-command.ts'

/** The measured choice would take a while on a machine that has not been measured. */
const engine = ['--contexts', '2', '--threads', '1']
const asked = ['--samples', '2', '--max-tokens', '12', ...engine]
const steered = ['--steering-samples', '1', '--doses=-0.1,0,0.1']
const experiment = ['experiment', 'run', '--trait', 'tiny.yaml', ...steered, ...asked]

const trait = `name: tiny
description: The answer is full of joy.
contrastivePrompts:
  - positive: You are overjoyed. You love everything, and you answer with delight and wonderful, happy words.
    negative: You are miserable. You hate everything, and you answer with despair and terrible, sad words.
  - positive: Answer like somebody who has just had the best and happiest day of a life.
    negative: Answer like somebody who has just had the worst and saddest day of a life.
extractionQuestions:
  - How was your day?
  - What do you think of the city?
  - How do you feel about the weather?
  - What happened at work?
evaluationQuestions:
  - Where do birds sleep?
  - What is your house like?
  - Tell me about your neighbours.
  - How was the journey?
lexicon: sentiment
rubric: 'How joyful is the answer {answer} to {question}? Reply with a number from 0 to 100.'
ladder:
  - { level: -1, prompt: Be gloomy. }
  - { level: 0, prompt: You are a helpful assistant. }
  - { level: 1, prompt: Be cheerful. }
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  await writeFile(join(folder, 'tiny.yaml'), trait)
})
afterAll(async () => await rm(folder, { recursive: true }))

const run = (args: readonly string[], options: Parameters<typeof runCommand>[1] = {}) =>
  runCommand(args, { cwd: folder, ...options })

/** One line that says what is wrong, a documented exit code, no stack trace. */
async function expectRefusal(args: readonly string[], code: number, message: RegExp): Promise<void> {
  const result = await run(args)
  const lines = errorLines(result).filter(
    line => !/^(Judging|The judge scored fixed|Answering|Steering|Reading)/.test(line),
  )
  expect({ code: result.code, lines: lines.length }, result.stderr).toEqual({ code, lines: 1 })
  expect(lines[0]).toMatch(message)
}

async function succeed(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args)
  expect(code, stderr).toBe(0)
  return stdout
}

interface Finished {
  readonly summary: ExperimentSummary
  readonly folder: string
  readonly reportPath: string
  readonly summaryPath: string
}

const resultOf = async (args: readonly string[]) => JSON.parse(await succeed(['--json', ...args]))

describe('with a word list as the judge', () => {
  test('a vector is made, its layers are profiled, and the experiment says what the last prompt token tells', async () => {
    const extracted = await resultOf(['vector', 'extract', 'tiny.yaml', ...asked])
    expect(extracted).toMatchObject({ judge: 'lexicon:sentiment', unfiltered: false, pairsPlanned: 16, rollouts: 32 })
    expect(extracted.pairsKept).toBeGreaterThan(1)
    expect(extracted.pairsKept).toBeLessThanOrEqual(16)
    expect(extracted.meanScores.positive).toBeGreaterThan(extracted.meanScores.negative)
    expect(extracted.profile.layers).toHaveLength(30)

    const profile = ['vector', 'profile', 'tiny.yaml', '--layers', '3', '--doses', '0.1', '--samples', '1']
    const profiled = await succeed([...profile, '--max-tokens', '12', ...engine])
    expect(profiled).toMatch(/AUC.*r \/ within.*steering/)
    expect(profiled).toMatch(/used where none is named/)
    expect(profiled).toMatch(/where prompts are read/)

    const dry = await succeed([...experiment, '--dry-run'])
    expect(dry).toMatch(/The experiment of tiny: 36 generations, 0 judge calls.*at most 432 to write/)
    expect(await readdir(join(folder, '.personascope/runs'))).toHaveLength(1)

    const first: Finished = await resultOf(experiment)
    const { summary } = first
    expect(summary).toMatchObject({
      model: 'smollm2-135m-instruct',
      trait: 'tiny',
      judge: 'lexicon:sentiment',
      samplesPerCondition: 2,
      conditions: 12,
      answers: 24,
      resamplesExtraction: true,
    })
    expect(summary.steering.map(({ dose }) => dose)).toEqual([-0.1, 0, 0.1])
    expect(summary.correlation.perCondition!.n).toBe(12)
    expect(summary.correlation.byLayer).toHaveLength(30)
    expect((await readdir(first.folder)).filter(name => !/\.(jsonl|safetensors)$/.test(name)).sort()).toEqual([
      'manifest.json',
      'report.html',
      'rows.csv',
      'scatter.svg',
      'steered-0000.surprise.json',
      'summary.json',
    ])
    expect(await readFile(first.reportPath, 'utf8')).toContain('tiny: does the last prompt token tell?')

    const written = await readFile(first.summaryPath, 'utf8')
    const text = await succeed(experiment)
    expect(text).toMatch(/last prompt token at layer \d+ tells/)
    expect(text).toMatch(/predictor +r per prompt +within one level +within one question/)
    expect(text).toContain(first.reportPath)
    const again = await readFile(first.summaryPath, 'utf8')
    expect(again.replace(/"seconds".*/, '')).toBe(written.replace(/"seconds".*/, ''))
  })

  test('a vector of swapped pairs is reported as no evidence', async () => {
    const stdout = await succeed(['vector', 'extract', 'tiny.yaml', '--shuffle-pairs', ...asked])
    expect(stdout).toContain('Persona vector tiny-shuffled')
    const text = await succeed([...experiment, '--vector', 'tiny-shuffled'])
    expect(text).toMatch(/^No evidence that the last prompt token/)
    const summary = JSON.parse(await readFile(/Summary +(.+)/.exec(text)![1]!, 'utf8'))
    expect(summary).toMatchObject({ trait: 'tiny', vector: 'tiny-shuffled', verdict: { kind: 'no evidence' } })
    expect(text).not.toContain('Calibration')
  })
})

describe('with a language model behind a server as the judge', () => {
  /** Sure of the same number for every answer, and of its coherence. */
  const sureOf = (value: number): FakeAnswer => ({ kind: 'completion', text: `${value}`, top: { [value]: 0.9 } })

  test('a judge that is down keeps the answers, and the same command goes on when it is back', async () => {
    let isDown = true
    const down: FakeAnswer = { kind: 'status', status: 503, headers: { 'retry-after-ms': '1' } }
    const slowly = (request: FakeRequest): FakeAnswer => {
      const answer = judgeWell(request)
      if (answer.kind !== 'completion') return answer
      return { ...answer, after: new Promise(resolve => setTimeout(resolve, 20)) }
    }
    await using server = await startFakeOpenAi(request => (isDown ? down : slowly(request)))
    const judged = [...experiment, '--judge', `${server.baseUrl}#fake-judge`]
    const runs = async () =>
      (await readdir(join(folder, '.personascope/runs'))).filter(name => /^experiment/.test(name))
    const before = await runs()
    await expectRefusal(judged, 3, /The judge http:.* gave no answer in 6 tries: 503/)
    const [made] = (await runs()).filter(name => !before.includes(name))
    const answers = join(folder, '.personascope/runs', made!, 'answers-0000.jsonl')
    const { mtimeMs } = await stat(answers)
    isDown = false
    const { summary }: Finished = await resultOf(judged)
    expect(summary).toMatchObject({ judge: `llm:${server.baseUrl}#fake-judge`, answers: 24, unscoredAnswers: 0 })
    expect((await stat(answers)).mtimeMs).toBe(mtimeMs)
    expect(server.faults).toEqual([])
    const calls = server.requests.length
    const { stderr } = await run(judged)
    expect(server.requests.length).toBe(calls)
    expect(stderr).not.toContain('fixed answers')
  })

  test('a judge that has changed since it was first used is warned of', async () => {
    let score = 70
    await using server = await startFakeOpenAi(request => sureOf(request.isProbe ? 57 : score))
    const judged = ['--judge', `${server.baseUrl}#fake-judge`]
    const first = await run([...experiment, ...judged])
    expect(first.stderr).toMatch(/^Judging takes \d+ judge calls \(about \d+ tokens\)\.$/m)
    expect(first.stderr).toContain('The judge scored fixed answers, to be compared with when it is used again.')
    score = 90
    const second = await run([...experiment, ...judged, '--seed', '77'])
    expect(second.stderr).toMatch(/Warning: llm:http.* scores the anchors otherwise .*by 20\.0 points on average/)
    const unchecked = await run([...experiment, ...judged, '--seed', '78', '--no-judge-drift-check'])
    expect(unchecked.stderr).not.toMatch(/anchors|fixed answers/)
  })

  test('a judge that answers nonsense is told from one that judges', async () => {
    const nonsense: FakeAnswer = { kind: 'completion', text: 'banana', top: { banana: 0.9, apple: 0.1 } }
    await using server = await startFakeOpenAi(() => nonsense)
    await expectRefusal([...experiment, '--judge', `${server.baseUrl}#fake-judge`], 4, /does not judge: .*no score/)
  })

  test('a judge that finds the trait nowhere leaves no pairs, and it is said why', async () => {
    await using server = await startFakeOpenAi(request => sureOf(request.isProbe ? 57 : 10))
    const extract = ['vector', 'extract', 'tiny.yaml', ...asked, '--judge', `${server.baseUrl}#fake-judge`]
    await expectRefusal(extract, 2, /No pair of answers was kept.*16 not evoked/)
  })
})

describe('wrong input is answered in one line', () => {
  test('no judge, where the trait has no word list or none is wanted', async () => {
    await expectRefusal(['vector', 'extract', 'evil'], 2, /evil needs a judge.*--judge URL#model.*--judge none/)
    await expectRefusal(['experiment', 'run', '--trait', 'evil'], 2, /evil needs a judge.*--judge URL#model/)
    await expectRefusal([...experiment, '--judge', 'none'], 2, /tiny needs a judge.*--judge URL#model/)
    const { stderr } = await run([...experiment, '--judge', 'none'])
    expect(stderr).not.toContain('--judge none')
  })

  test('a question that was used for extraction', async () => {
    await writeFile(join(folder, 'leaking.yaml'), trait.replace('Where do birds sleep?', 'how was your day'))
    const leaking = ['experiment', 'run', '--trait', 'leaking.yaml']
    await expectRefusal(leaking, 2, /Evaluation question 1 is extraction question 1 again: "how was your day"/)
  })

  test('a vector that there is not, and one of another model', async () => {
    await expectRefusal([...experiment, '--vector', 'none'], 2, /No vector "none" for smollm2-135m-instruct/)
    await writeVector(join(folder, 'small.safetensors'), extractedVector('small'))
    await expectRefusal(
      [...experiment, '--vector', 'small.safetensors'],
      2,
      /small was made on small-4-8 \(4 blocks of 8\), the model in use is smollm2-135m-instruct \(30 blocks of 576\)/,
    )
  })
})
