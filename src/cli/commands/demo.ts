import { readFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Engine } from '../../engine/contract/engine.ts'
import type { GenerateRequest } from '../../engine/contract/generate.ts'
import { LlamaEngine } from '../../engine/llama/llama-engine.ts'
import type { Judge } from '../../judge/judge.ts'
import { createLexiconJudge } from '../../judge/lexicon-judge.ts'
import { type ResolvedSteering, resolveSteering } from '../../steering/resolve-steering.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { writeFileWhole } from '../../store/write-file-whole.ts'
import { type LoadedTrait, loadTrait } from '../../trait/load-trait.ts'
import { relativeNorm } from '../../vector/persona-vector.ts'
import { type ExtractedVector, extractVector } from '../../workbench/extract-vector.ts'
import { runTraitExperiment } from '../../workbench/run-experiment.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeExperiment } from '../describe-experiment.ts'
import { openEngine } from '../engine-options.ts'
import { formatColumns, formatDuration } from '../format.ts'
import { showPhases } from '../show-phases.ts'
import type { Terminal } from '../terminal.ts'

interface Options {
  readonly folder: string
}

/** Not among the questions the vector is made from. */
const question = 'What did you do on your last holiday?'
const doses = [-0.15, 0, 0.15]
const maxTokens = 70

/** Smaller than usual, so that all of it takes minutes. */
const extraction = { samples: 1 }
const sweep = { layers: 4, doses: [0.12], samples: 2, maxTokens: 40 }
const experiment = { samples: 5, steeringSamples: 1, maxTokens: 40 }

export function demoCommand(): Command {
  const command = new Command('demo')
    .description('make a persona vector from real answers, steer with it, and measure what it tells')
    .option('--folder <folder>', 'where the results go', 'demo')
  return setAction<[], Options>(command, run)
}

async function run(context: CommandContext, { folder }: Options): Promise<void> {
  const { terminal } = context
  const start = performance.now()
  terminal.print('1. A real model')
  await using engine = await openEngine(context, {})
  const { model, info } = engine
  terminal.print(
    `   ${model.id}: ${model.blockCount} blocks, hidden size ${model.hiddenSize}, weights ${model.weightFormat},`,
  )
  terminal.print(`   ${info.version}, ${info.contexts} contexts of ${info.threadsPerContext} threads\n`)

  terminal.print('2. Its persona vector for "joyful", from real answers')
  const workspace = openWorkspace(folder)
  const trait = await loadTrait('joyful', workspace.traits)
  const judge = createLexiconJudge(trait.trait.lexicon!)
  const extracted = await extract(context, { engine, trait, judge, folder })
  describe(terminal, extracted)

  terminal.print(`3. One question, the vector subtracted, absent and added\n\n   ${question}\n`)
  const answers = await answer(context, engine, extracted)
  terminal.print(
    formatColumns(
      answers.map(({ title, text }) => ({ title, text })),
      Math.min(terminal.width, 130),
    ),
  )
  await writeFileWhole(join(folder, 'answers.json'), `${JSON.stringify(answers, null, 2)}\n`)

  const questions = trait.trait.evaluationQuestions.length
  terminal.print('\n4. Does the last prompt token tell how joyful the answer will be?\n')
  terminal.print(
    `   ${trait.trait.ladder.length} graded system prompts x ${questions} questions the vector was not made from x ${experiment.samples} answers`,
  )
  terminal.print(
    `   (few and short ones, to be quick: \`personascope experiment run --trait joyful --samples 12\` asks more).\n`,
  )
  const finished = await runTraitExperiment({
    engine,
    judge,
    trait,
    vector: extracted.vector,
    workspace,
    settings: experiment,
    signal: context.signal,
    onProgress: showPhases(terminal, '   '),
  })
  const reportPath = join(folder, 'report.html')
  await copyFile(finished.reportPath, reportPath)
  await copyFile(finished.summaryPath, join(folder, 'summary.json'))
  terminal.print(describeExperiment({ ...finished, reportPath, summaryPath: join(folder, 'summary.json') }))

  const seconds = (performance.now() - start) / 1000
  const peakBytes = peakMemory(engine)
  const memory =
    peakBytes === undefined ? '' : `, at most ${Math.round(peakBytes / 1e6)} MB of memory here and in the engine`
  terminal.print(`\nDone in ${formatDuration(seconds)}${memory}. Open ${reportPath} in a browser.`)
  terminal.print(
    `Next: npm run personascope -- generate --workspace ${folder} --prompt "..." --steer joyful=2, and README.md`,
  )
  terminal.result({
    seconds,
    peakBytes,
    path: extracted.path,
    chartPath: extracted.chartPath,
    reusedRollouts: extracted.reusedRollouts,
    answers,
    reportPath,
    summary: finished.summary,
  })
}

interface Stage {
  readonly engine: Engine
  readonly trait: LoadedTrait
  readonly judge: Judge
  readonly folder: string
}

async function extract(
  { terminal, signal }: CommandContext,
  { engine, trait, judge, folder }: Stage,
): Promise<ExtractedVector> {
  return await extractVector({
    engine,
    trait,
    workspace: openWorkspace(folder),
    judge,
    settings: extraction,
    sweep,
    signal,
    onProgress: showPhases(terminal, '   '),
  })
}

function describe(
  terminal: Terminal,
  { vector, reusedRollouts, rollouts, meanScores, chartPath }: ExtractedVector,
): void {
  const { pairsKept, pairsPlanned, responseTokens } = vector.provenance
  if (reusedRollouts > 0)
    terminal.print(`   ${reusedRollouts} of ${rollouts} answers were there from an earlier run and are reused.`)
  terminal.print(
    `   ${pairsKept} of ${pairsPlanned} pairs of answers kept, ${responseTokens} response tokens, a direction at each of ${vector.blockCount} layers.`,
  )
  terminal.print(
    `   Judged by a word list: mean score under joyful prompts ${meanScores?.positive?.toFixed(0)}, under miserable ones ${meanScores?.negative?.toFixed(0)}.`,
  )
  const share = (100 * relativeNorm(vector, vector.defaultLayer)).toFixed(1)
  terminal.print(
    `   Steer at layer ${vector.defaultLayer} (there it is ${share} % as long as a token's state), read at layer ${vector.readingLayer}. By layer: ${chartPath}\n`,
  )
}

interface Answer {
  readonly title: string
  readonly dose: number | undefined
  readonly coefficient: number
  readonly text: string
}

async function answer({ signal }: CommandContext, engine: Engine, { vector }: ExtractedVector): Promise<Answer[]> {
  const steered = doses.map(amount =>
    resolveSteering({ vector: 'joyful', layer: undefined, amount }, vector, engine.model, { amountIsDose: true }),
  )
  const requests = steered.map(
    ({ steering, dose }): GenerateRequest => ({
      prompt: { messages: [{ role: 'user', content: question }] },
      maxTokens,
      sampling: { temperature: 0.7, seed: 1 },
      steering: dose === 0 ? [] : [steering],
    }),
  )
  const results = await engine.generateAll(requests, { signal })
  return steered.map(({ dose, coefficient }, index) => ({
    title: titleOf(steered[index]!),
    dose,
    coefficient,
    text: results[index]!.text,
  }))
}

function titleOf({ coefficient, dose, layer }: ResolvedSteering): string {
  if (dose === 0) return 'no steering'
  const amount = `${coefficient > 0 ? '+' : '-'}${Math.abs(coefficient).toFixed(1)}`
  return `${amount} x joyful, layer ${layer} (dose ${dose?.toFixed(2)})`
}

/** The most memory this process and the engine's held at once or one after the other; undefined off Linux. */
function peakMemory(engine: Engine): number | undefined {
  const ids = [process.pid, engine instanceof LlamaEngine ? engine.processId : undefined].filter(id => id !== undefined)
  try {
    const peaks = ids.map(id => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))![1]) * 1024)
    return peaks.reduce((sum, peak) => sum + peak, 0)
  } catch {
    return undefined
  }
}
