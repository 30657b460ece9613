import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Engine } from '../../engine/contract/engine.ts'
import type { GenerateRequest } from '../../engine/contract/generate.ts'
import { LlamaEngine } from '../../engine/llama/llama-engine.ts'
import { type ResolvedSteering, resolveSteering } from '../../steering/resolve-steering.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { writeFileWhole } from '../../store/write-file-whole.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import { relativeNorm } from '../../vector/persona-vector.ts'
import { type ExtractedVector, extractVector } from '../../workbench/extract-vector.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { openEngine } from '../engine-options.ts'
import { formatColumns, formatDuration } from '../format.ts'
import { Progress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

interface Options {
  readonly folder: string
}

/** Not among the questions the vector is made from. */
const question = 'What did you do on your last holiday?'
const doses = [-0.15, 0, 0.15]
const maxTokens = 70

export function demoCommand(): Command {
  const command = new Command('demo')
    .description('make a first persona vector from real answers, and steer the model with it')
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
  const extracted = await extract(context, engine, folder)
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

  const seconds = (performance.now() - start) / 1000
  const peakBytes = peakMemory(engine)
  const memory = peakBytes === undefined ? '' : `, at most ${Math.round(peakBytes / 1e6)} MB of memory in all processes`
  terminal.print(`\nDone in ${formatDuration(seconds)}${memory}. Vector, chart, answers: ${folder}/`)
  terminal.print('Next: personascope generate --workspace demo --prompt "..." --steer joyful=2, and README.md')
  terminal.result({
    seconds,
    peakBytes,
    path: extracted.path,
    chartPath: extracted.chartPath,
    reusedRollouts: extracted.reusedRollouts,
    answers,
  })
}

async function extract({ terminal, signal }: CommandContext, engine: Engine, folder: string): Promise<ExtractedVector> {
  const workspace = openWorkspace(folder)
  const progress = new Progress(terminal)
  return await extractVector({
    engine,
    trait: await loadTrait('joyful', workspace.traits),
    workspace,
    judge: 'none',
    signal,
    onProgress: ({ doneRollouts, totalRollouts }) =>
      progress.show('   Asking', doneRollouts, totalRollouts, (done, total) =>
        total === undefined ? `${done.toFixed(1)} answers` : `${done} of ${total} answers`,
      ),
  })
}

function describe(terminal: Terminal, { vector, reusedRollouts, rollouts, chartPath }: ExtractedVector): void {
  const { pairsKept, responseTokens } = vector.provenance
  if (reusedRollouts > 0)
    terminal.print(`   ${reusedRollouts} of ${rollouts} answers were there from an earlier run and are reused.`)
  terminal.print(
    `   ${pairsKept} pairs of answers, ${responseTokens} response tokens, a direction at each of ${vector.blockCount} layers.`,
  )
  terminal.print('   Unfiltered: no judge looked at the answers, every pair was kept.')
  const share = (100 * relativeNorm(vector, vector.defaultLayer)).toFixed(1)
  terminal.print(
    `   At layer ${vector.defaultLayer} it is ${share} % as long as a token's state. By layer: ${chartPath}\n`,
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
