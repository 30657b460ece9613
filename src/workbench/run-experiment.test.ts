import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Judge } from '../judge/judge.ts'
import { createLexiconJudge } from '../judge/lexicon-judge.ts'
import { createRandom } from '../numeric/random.ts'
import { openWorkspace } from '../store/workspace.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { readVector } from '../vector/vector-file.ts'
import { extractVector } from './extract-vector.ts'
import { type FinishedExperiment, runTraitExperiment } from './run-experiment.ts'
import { brightTrait, openWordyEngine, runSmallExperiment, smallSettings } from './small-experiment.case.ts'
import { WordyEngine } from './wordy-engine.case.ts'

let folder: string
let whole: Awaited<ReturnType<typeof runSmallExperiment>>
let wholeFiles: Record<string, string>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  whole = await runSmallExperiment(join(folder, 'whole'))
  wholeFiles = await filesOf(whole)
}, 120_000)
afterAll(async () => await rm(folder, { recursive: true }))

/** What an experiment wrote, without the time it took. */
async function filesOf({ folder: run }: Pick<FinishedExperiment, 'folder'>): Promise<Record<string, string>> {
  const read = (name: string) => readFile(join(run, name), 'utf8')
  const [summary, rows, scatter] = await Promise.all(['summary.json', 'rows.csv', 'scatter.svg'].map(read))
  return { summary: summary!.replace(/"seconds": [\d.]+/, '"seconds": 0'), rows: rows!, scatter: scatter! }
}

async function filesUnder(path: string): Promise<string[]> {
  return (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => entry.name)
    .sort()
}

/** The wordy engine, counting what it is asked. */
class CountingEngine extends WordyEngine {
  readonly asked = { generations: 0, readings: 0 }

  constructor() {
    super(2)
  }

  override async generateAll(...[requests, options]: Parameters<WordyEngine['generateAll']>) {
    this.asked.generations += requests.length
    return await super.generateAll(requests, options)
  }

  override async forwardAll(...[requests, options]: Parameters<WordyEngine['forwardAll']>) {
    this.asked.readings += requests.length
    return await super.forwardAll(requests, options)
  }
}

const lexicon = createLexiconJudge('sentiment')

describe('an experiment', () => {
  test('writes its results beside what it was made of, and leaves nothing else', async () => {
    const { summary, folder: run, extracted } = whole
    expect(summary).toMatchObject({
      model: 'fake',
      trait: 'bright',
      vector: 'bright',
      layer: extracted.vector.readingLayer,
      steeringLayer: extracted.vector.defaultLayer,
      layerReason: extracted.vector.readingLayerReason,
      judge: 'lexicon:sentiment',
      unfiltered: false,
      pairsPlanned: 40,
      samplesPerCondition: 3,
      conditions: 5 * 6,
      answers: 5 * 6 * 3,
      unscoredAnswers: 0,
      resamplesExtraction: true,
    })
    expect(summary.correlation.perCondition!.r).toBeGreaterThan(0.6)
    expect(summary.correlation.perCondition!.n).toBe(30)
    expect(summary.correlation.perAnswer!.n).toBe(90)
    expect(summary.steering.map(({ dose }) => dose)).toEqual([-0.3, 0, 0.3])
    expect(summary.steering[2]!.meanScore!).toBeGreaterThan(summary.steering[0]!.meanScore!)
    expect(summary.baselines.map(({ name }) => name)).toEqual([
      'judge on the prompt',
      'judge on the question',
      'n-grams of the prompt',
    ])
    expect(JSON.parse(await readFile(join(run, 'summary.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(summary)))
    expect(await readFile(join(run, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/)
    expect(wholeFiles['rows']!.trimEnd().split('\n')).toHaveLength(91)
    expect((await filesUnder(join(folder, 'whole'))).filter(name => /\.part$|in-use/.test(name))).toEqual([])
  })

  test('of the same seed gives the same bytes in another workspace', async () => {
    expect(await filesOf(await runSmallExperiment(join(folder, 'again')))).toEqual(wholeFiles)
  })

  test('of another seed asks anew, in a run of its own', async () => {
    const other = await runSmallExperiment(join(folder, 'whole'), {
      experiment: { settings: { ...smallSettings, seed: 1 } },
    })
    expect(other.folder).not.toBe(whole.folder)
    expect((await filesOf(other))['rows']).not.toBe(wholeFiles['rows'])
  })

  test('a second time asks the model for nothing', async () => {
    const engine = new CountingEngine()
    const again = await runTraitExperiment({
      engine,
      judge: lexicon,
      trait: brightTrait,
      vector: whole.extracted.vector,
      workspace: openWorkspace(join(folder, 'whole')),
      settings: { ...smallSettings, doses: [0.3, 0, -0.3, 0] },
    })
    expect(engine.asked).toEqual({ generations: 0, readings: 0 })
    expect(again.folder).toBe(whole.folder)
    expect(await filesOf(again)).toEqual(wholeFiles)
  })

  test('reads where it is told, and says that it was asked to', async () => {
    const layer = whole.extracted.vector.readingLayer === 1 ? 2 : 1
    const { summary } = await runSmallExperiment(join(folder, 'whole'), { experiment: { layer } })
    expect(summary).toMatchObject({ layer, layerReason: 'asked for', resamplesExtraction: false })
  })

  test('with a vector of swapped pairs finds no evidence, and leaves no calibration', async () => {
    const workspace = openWorkspace(join(folder, 'shuffled'))
    const shared = { engine: openWordyEngine(), judge: lexicon, trait: brightTrait, workspace }
    const { vector } = await extractVector({
      ...shared,
      settings: { samples: 1, maxTokens: 6 },
      shufflePairs: true,
    })
    expect(vector.provenance.trait.name).toBe('bright-shuffled')
    const finished = await runTraitExperiment({ ...shared, vector, settings: smallSettings })
    expect(finished.summary).toMatchObject({ trait: 'bright', vector: 'bright-shuffled' })
    expect(finished.summary.verdict.kind).toBe('no evidence')
    expect(finished.calibrationPath).toBeUndefined()
    expect((await filesUnder(workspace.path)).filter(name => name === 'bright-shuffled.json')).toEqual([])
  })
})

describe('an experiment that was stopped', () => {
  test('at random moments goes on to the same bytes', async () => {
    const random = createRandom(20)
    const workspace = join(folder, 'aborted')
    // Each attempt gets as far as the phase it is stopped in, and somewhere into it.
    for (const phase of ['ask', 'judge', 'steer', 'read', 'converse'] as const) {
      const stopping = new AbortController()
      let steps = phase === 'judge' || phase === 'read' ? 0 : Math.floor(random.next() * 20)
      const stopped = runSmallExperiment(workspace, {
        signal: stopping.signal,
        onProgress: progress => {
          if (progress.phase === phase && steps-- <= 0) stopping.abort()
        },
      })
      await expect(stopped, phase).rejects.toMatchObject({ code: expect.stringMatching(/^(ENGINE|JUDGE)_ABORTED$/) })
    }
    const resumed = await runSmallExperiment(workspace)
    expect(await filesOf(resumed)).toEqual(wholeFiles)
  }, 120_000)

  test('by kill -9 goes on to the same bytes', async () => {
    const workspace = join(folder, 'killed')
    const random = createRandom(9)
    const run = (killAfterMs?: number) =>
      new Promise<NodeJS.Signals | null>((resolve, reject) => {
        const child = spawn(process.execPath, [join(import.meta.dirname, 'experiment-in-child.case.ts'), workspace], {
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
        child.once('error', reject)
        child.once('close', (code, signal) => {
          clearTimeout(timer)
          if (signal === null && code !== 0) reject(new Error(`the experiment ended with ${code}`))
          else resolve(signal)
        })
      })
    let kills = 0
    for (let attempt = 0; attempt < 6; attempt++) if ((await run(300 + random.next() * 1500)) === 'SIGKILL') kills++
    expect(kills).toBeGreaterThan(1)
    expect(await run()).toBeNull()
    const runs = await readdir(join(workspace, 'runs'))
    const experiment = runs.find(name => name.startsWith('experiment-bright'))!
    expect(await filesOf({ folder: join(workspace, 'runs', experiment) })).toEqual(wholeFiles)
  }, 180_000)

  test('by a judge that is down keeps everything asked so far, and goes on when it is back', async () => {
    const workspace = join(folder, 'down')
    // Enough for the extraction: the profile's answers are the first it cannot score.
    let left = 80
    const failing: Judge = {
      ...lexicon,
      async score(items, options) {
        left -= items.length
        if (left < 0) throw new PersonascopeError('JUDGE_UNREACHABLE', { judge: lexicon.id, detail: 'down' })
        return await lexicon.score(items, options)
      },
    }
    const first = new CountingEngine()
    await expect(runSmallExperiment(workspace, { engine: first, judge: failing })).rejects.toMatchObject({
      code: 'JUDGE_UNREACHABLE',
    })
    // Enough for the profile and a part of the conversations.
    left = 25 + 64
    const second = new CountingEngine()
    await expect(runSmallExperiment(workspace, { engine: second, judge: failing })).rejects.toMatchObject({
      code: 'JUDGE_UNREACHABLE',
    })
    const third = new CountingEngine()
    const finished = await runSmallExperiment(workspace, { engine: third })
    expect(await filesOf(finished)).toEqual(wholeFiles)
    const total = [first, second, third].reduce((sum, { asked }) => sum + asked.generations, 0)
    const counting = new CountingEngine()
    await runSmallExperiment(join(folder, 'counted'), { engine: counting })
    expect(total).toBe(counting.asked.generations)
  }, 120_000)
})

describe('an experiment that cannot be made', () => {
  const refused = (vector: Partial<PersonaVector>, more: Partial<Parameters<typeof runTraitExperiment>[0]> = {}) => {
    const engine = new CountingEngine()
    const experiment = runTraitExperiment({
      engine,
      judge: lexicon,
      trait: brightTrait,
      vector: { ...whole.extracted.vector, ...vector },
      workspace: openWorkspace(join(folder, 'refused')),
      settings: smallSettings,
      ...more,
    })
    return { engine, experiment }
  }

  test.each<[string, string, Partial<PersonaVector>, Partial<Parameters<typeof runTraitExperiment>[0]>]>([
    ['a vector of another model', 'VECTOR_MODEL_MISMATCH', { blockCount: 5 }, {}],
    ['a layer there is not', 'LAYER_OUT_OF_RANGE', {}, { layer: 5 }],
    ['a vector that knows of no doses', 'VECTOR_NORMS_UNKNOWN', { medianResponseNorms: new Float32Array(5) }, {}],
    [
      'a trait whose evaluation question was used for extraction',
      'TRAIT_INVALID',
      {},
      {
        trait: {
          ...brightTrait,
          trait: { ...brightTrait.trait, evaluationQuestions: ['What about matter number 3?', 'Why?'] },
        },
      },
    ],
  ])('with %s is refused before anything is asked', async (_, code, vector, more) => {
    const { engine, experiment } = refused(vector, more)
    await expect(experiment).rejects.toMatchObject({ code })
    expect(engine.asked).toEqual({ generations: 0, readings: 0 })
  })

  test('needs no doses of a vector that knows none where only the unsteered answers are asked', async () => {
    const { experiment } = refused(
      { medianResponseNorms: new Float32Array(5) },
      { settings: { ...smallSettings, samples: 1, doses: [0] } },
    )
    expect((await experiment).summary.steering).toMatchObject([{ dose: 0, coefficient: 0 }])
  })
})

describe('what a vector was judged and steered by', () => {
  const asking = (rubricHash: string): Judge => ({ ...lexicon, id: 'llm:test', rubricHash })

  test('a changed rubric is judged anew, and is a run of its own', async () => {
    let judged = 0
    const counting = (rubricHash: string): Judge => ({
      ...asking(rubricHash),
      score: async (items, options) => {
        judged += items.length
        return await lexicon.score(items, options)
      },
    })
    const workspace = join(folder, 'rubric')
    const first = await runSmallExperiment(workspace, { judge: counting('a') })
    const asked = judged
    const second = await runSmallExperiment(workspace, { judge: counting('b') })
    expect(second.folder).not.toBe(first.folder)
    expect(judged).toBe(2 * asked)
    expect(second.extracted.vector.provenance).toMatchObject({ judge: 'llm:test', rubricHash: 'b' })
    expect(second.summary.baselines).toHaveLength(3)
  }, 120_000)

  test('an extraction after a profile keeps what steering was measured to do', async () => {
    const workspace = openWorkspace(join(folder, 'whole'))
    const { vector, path } = await extractVector({
      engine: openWordyEngine(),
      judge: lexicon,
      trait: brightTrait,
      workspace,
      settings: { samples: 1, maxTokens: 6 },
    })
    expect(vector.profile!.steering).toEqual(whole.extracted.vector.profile!.steering)
    expect(vector.defaultLayer).toBe(whole.extracted.vector.defaultLayer as Layer)
    expect((await readVector(path)).profile!.steering).toBeDefined()
  })
})
