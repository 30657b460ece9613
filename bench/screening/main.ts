/**
 * The speed of screening, as ratios measured in one run on the same rows; see docs/speed.md. A table for people, then
 * as the last line of standard output one JSON document.
 *
 *     npm run bench:screening -- [--words 65] [--rows 600] [--fast] [--rounds 3] [--only screen,bare] [--force]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatTable } from '../../src/cli/format.ts'
import type { Engine } from '../../src/engine/contract/engine.ts'
import { asLayer } from '../../src/engine/contract/layer.ts'
import { locateLibrary } from '../../src/engine/llama/native/locate-library.ts'
import { spearman } from '../../src/numeric/correlation.ts'
import { openModel, readyModel } from '../../src/workbench/open-model.ts'
import { judgeClaims, spreadOf } from '../claims.ts'
import { Contender } from '../contender.ts'
import { describeOthers, isQuiet, measureOthers } from '../machine-watch.ts'
import { type Entry, runRounds } from '../run-rounds.ts'
import { labelledRows, type MadeRow, makeRows } from './make-rows.ts'
import { layer, screeningClaims } from './screening-claims.ts'
import { commandOf, fastContestants, type ScreeningContestant, screeningContestants } from './screening-contestants.ts'
import type { ScreeningJob, TokenisedRows } from './screening-job.ts'

const { values: options } = parseArgs({
  options: {
    words: { type: 'string', default: '65' },
    rows: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '3' },
    fast: { type: 'boolean', default: false },
    only: { type: 'string' },
    force: { type: 'boolean', default: false },
    model: { type: 'string', default: 'smollm2-135m-instruct' },
  },
})
const note = (text: string) => process.stderr.write(`${text}\n`)
const [count, rounds] = [Number(options.rows), Number(options.rounds)]
/** The highest rows, as a share: what --fast decides, and what the decisions of contestants are compared on. */
const topShare = 0.05
const chosen = chooseContestants()

if (!options.force) {
  const others = await measureOthers(3)
  if (!isQuiet(others)) {
    note(`The machine is busy: ${describeOthers(others)}.`)
    note('Wait until it is quiet, or measure all the same with --force.')
    process.exit(2)
  }
}
const directory = mkdtempSync(join(tmpdir(), 'personascope-bench-'))
const contenders: Contender[] = []
try {
  const work = await prepareWork()
  const entries: Entry[] = []
  for (const contestant of chosen) {
    note(`Starting ${contestant.name} ...`)
    const jobPath = join(directory, `${contestant.name}.json`)
    const job: ScreeningJob = {
      ...work.job,
      weightsPath: contestant.program === 'reference' ? work.exactWeightsPath : '',
      projectionsPath: projectionsPath(contestant.name),
      ...(contestant.fast && { fastShare: topShare }),
    }
    writeFileSync(jobPath, JSON.stringify(job))
    const contender = await Contender.start(await commandOf(contestant, jobPath, note))
    contenders.push(contender)
    entries.push({ contestant, contender, turns: { seconds: [], facts: [], othersCores: [], redone: 0 } })
  }
  await runRounds(entries, { rounds, sequences: count, force: options.force, note })
  report(entries, work.tokens)
} finally {
  for (const contender of contenders) await contender.stop()
  rmSync(directory, { recursive: true })
}

function chooseContestants(): ScreeningContestant[] {
  const isNativeThere = locateLibrary().origin === 'native'
  const all = options.fast ? fastContestants : screeningContestants
  const there = all.filter(({ native }) => isNativeThere || !native)
  const wanted = options.only?.split(',')
  const unknown = wanted?.find(name => !there.some(contestant => contestant.name === name))
  if (unknown === undefined) return there.filter(({ name }) => wanted?.includes(name) ?? true)
  note(`--only expected some of ${there.map(({ name }) => name).join(', ')}; got "${unknown}".`)
  process.exit(2)
}

function projectionsPath(name: string): string {
  return join(directory, `${name}.projections.json`)
}

/** The rows as a file and as tokens, and a direction: labelled answers with the trait minus those without. */
async function prepareWork() {
  const rows = makeRows({ count, medianWords: Number(options.words), seed: 1 })
  const datasetPath = join(directory, 'rows.jsonl')
  const rowsPath = join(directory, 'rows.tokens.json')
  writeFileSync(datasetPath, rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  await using engine = await openModel(options.model)
  const tokens = await tokenise(engine, rows)
  writeFileSync(rowsPath, JSON.stringify(tokens))
  const direction = await directionOf(engine)
  const job = { model: options.model, datasetPath, rowsPath, layer, direction }
  const { file: exact } = await readyModel(options.model, { weights: 'F32' })
  return { job, tokens, exactWeightsPath: exact.path }
}

async function tokenise(engine: Engine, rows: readonly MadeRow[]): Promise<TokenisedRows> {
  const tokens: number[][] = []
  const promptTokens: number[] = []
  for (const { prompt, response } of rows) {
    const rendered = await engine.renderPrompt({ messages: [{ role: 'user', content: prompt }] })
    tokens.push([...rendered.tokens, ...(await engine.tokenize(response))])
    promptTokens.push(rendered.tokens.length)
  }
  return { tokens, promptTokens }
}

async function directionOf(engine: Engine): Promise<number[]> {
  const answers = labelledRows('evil')
  const results = await engine.forwardAll(
    answers.map(({ prompt, response }) => ({
      prompt: { messages: [{ role: 'user', content: prompt }] },
      response,
      capture: { layers: [asLayer(layer, engine.model)], responseMean: true },
    })),
  )
  const direction = new Array<number>(engine.model.hiddenSize).fill(0)
  const positives = answers.filter(({ label }) => label === 1).length
  for (const [index, { label }] of answers.entries()) {
    const share = label === 1 ? 1 / positives : -1 / (answers.length - positives)
    results[index]!.activations!.responseMean!.forEach((value, i) => {
      direction[i] = direction[i]! + share * value
    })
  }
  return direction
}

/** How like one contestant's scores are to another's: of all rows, and of the highest ones. */
function compareScores(name: string, other: string) {
  const read = (of: string): number[] => JSON.parse(readFileSync(projectionsPath(of), 'utf8')).projections
  const [own, others] = [read(name), read(other)]
  const top = (values: readonly number[]) =>
    new Set(
      values
        .map((value, row) => ({ value, row }))
        .sort((a, b) => b.value - a.value)
        .slice(0, Math.ceil(topShare * values.length))
        .map(({ row }) => row),
    )
  const [ownTop, othersTop] = [top(own), top(others)]
  const shared = [...ownTop].filter(row => othersTop.has(row)).length
  return { name, other, spearman: spearman(own, others) ?? 0, topRows: ownTop.size, topOverlap: shared / ownTop.size }
}

function report(entries: readonly Entry[], { tokens }: TokenisedRows): void {
  const lengths = tokens.map(row => row.length).sort((a, b) => a - b)
  const totalTokens = lengths.reduce((sum, length) => sum + length, 0)
  const disturbed = new Set(
    entries
      .filter(({ turns }) => turns.othersCores.some(cores => !isQuiet({ cores })))
      .map(entry => entry.contestant.name),
  )
  const seconds = new Map(entries.map(({ contestant, turns }) => [contestant.name, turns.seconds]))
  const judged = judgeClaims(seconds, screeningClaims).map(claim =>
    disturbed.has(claim.contestant) || disturbed.has(claim.against) ? { ...claim, met: undefined } : claim,
  )
  const names = chosen.filter(({ program }) => program !== 'bare').map(({ name }) => name)
  const exact = names.includes('float32') ? 'float32' : names[0]!
  const likeness = names.filter(name => name !== exact).map(name => compareScores(name, exact))
  console.log(
    `${count} rows, median ${lengths[count >> 1]} tokens with the prompt, layer ${layer}; ${rounds} rounds, interleaved\n`,
  )
  console.log(
    formatTable(
      ['', 'seconds', 'range', 'rows/s', 'tokens/s', 'others, cores', 'redone', ''],
      entries.map(({ contestant, turns }) => {
        const { median, lowest, highest } = spreadOf(turns.seconds)
        const { what } = chosen.find(({ name }) => name === contestant.name)!
        const range = `${lowest.toFixed(2)}..${highest.toFixed(2)}`
        const others = Math.max(...turns.othersCores).toFixed(2)
        const rates = [(count / median).toFixed(1), Math.round(totalTokens / median)]
        return [contestant.name, median.toFixed(2), range, ...rates, others, turns.redone, what]
      }),
    ),
  )
  console.log(
    `\n${formatTable(
      ['speed of', 'ratio', 'range', 'at least', '', ''],
      judged.map(({ contestant, what, against, least, ratio, met }) => [
        `${contestant} / ${against}`,
        ratio.median.toFixed(2),
        `${ratio.lowest.toFixed(2)}..${ratio.highest.toFixed(2)}`,
        least ?? '',
        met === undefined ? 'no verdict' : met ? 'met' : 'missed',
        what,
      ]),
    )}`,
  )
  console.log(
    `\n${formatTable(
      ['scores of', 'Spearman', `top ${topShare * 100} % the same`],
      likeness.map(({ name, other, spearman: rank, topRows, topOverlap }) => [
        `${name} / ${other}`,
        rank.toFixed(5),
        `${Math.round(topOverlap * topRows)} of ${topRows}`,
      ]),
    )}\n`,
  )
  console.log(
    JSON.stringify({
      bench: 'screening',
      date: new Date().toISOString(),
      machine: { cpu: cpus()[0]?.model, cores: availableParallelism() },
      model: options.model,
      work: { rows: count, medianTokens: lengths[count >> 1], tokens: totalTokens, layer },
      rounds,
      contenders: Object.fromEntries(entries.map(({ contestant, contender }) => [contestant.name, contender.about])),
      turns: Object.fromEntries(entries.map(({ contestant, turns }) => [contestant.name, turns])),
      claims: judged,
      likeness,
    }),
  )
}
