import type { Command } from 'commander'
import { describeShape } from '../../dataset/training-row.ts'
import type { Engine } from '../../engine/contract/engine.ts'
import { formatCount } from '../../report/format-number.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { type RowDirection, rowDirections } from '../../vector/usable-direction.ts'
import { bringDatasets } from '../../workbench/bring-datasets.ts'
import { loadVector } from '../../workbench/load-vector.ts'
import type { ScreenOptions } from '../../workbench/screen-dataset.ts'
import type { CommandContext } from '../command-context.ts'
import type { EngineOptions } from '../engine-options.ts'
import { onOneLine, wrap } from '../format.ts'
import { collect, oneOf, wholeNumber } from '../option-values.ts'
import { Progress } from '../progress.ts'
import { showPull } from '../show-model-steps.ts'

/** As many as an extraction's answers have at most. */
export const defaultOwnAnswerTokens = 60

/** The options of every command that scores the rows of a dataset. */
export interface ScreenRowsOptions extends EngineOptions {
  readonly trait: readonly string[]
  readonly layer?: number
  readonly direction?: RowDirection
  readonly promptColumn?: string
  readonly responseColumn?: string
  readonly idColumn?: string
  readonly maxTokens?: number
  readonly limit?: number
  readonly sample?: number
  readonly seed: number
  readonly strict?: boolean
}

export function addScreenOptions(command: Command): Command {
  return command
    .requiredOption('--trait <vector>', 'a vector of the workspace, or a file; may be given several times', collect)
    .option('--layer <n>', 'where to project (default: the layer chosen for it)', wholeNumber('--layer', 1))
    .option(
      '--direction <kind>',
      'screening: made to tell rows apart, the default where there is one; persona: the persona vector itself',
      oneOf('--direction', rowDirections),
    )
    .option('--prompt-column <name>', 'the column of the prompt (default: found)')
    .option('--response-column <name>', 'the column of the response (default: found)')
    .option('--id-column <name>', 'the column of the id (default: id)')
    .option(
      '--max-tokens <n>',
      'read at most so many tokens of a response (default: all the context holds)',
      wholeNumber('--max-tokens', 1),
    )
    .option('--limit <n>', 'only the first so many rows', wholeNumber('--limit', 1))
    .option('--sample <n>', 'only so many rows, drawn at random', wholeNumber('--sample', 1))
    .option('--seed <n>', 'the seed of --sample', wholeNumber('--seed', 0), 0)
    .option('--strict', 'stop at the first row that cannot be read')
}

/** Gets the datasets onto this machine that are named as ones of the Hugging Face hub. */
export async function bringNamed({ terminal, signal }: CommandContext, names: readonly string[]): Promise<string[]> {
  return await bringDatasets(names, {
    onProgress: showPull(terminal),
    onBrought: ({ name, commit, part, paths }) => {
      const files = `${paths.length} ${paths.length === 1 ? 'file' : 'files'}`
      terminal.note(`${name}: ${files}${part === undefined ? '' : ` of ${part}`} at commit ${commit.slice(0, 12)}.`)
    },
    signal,
  })
}

/** What the options say, with progress shown. */
export async function readScreenOptions(
  { terminal, signal, options: { workspace: folder } }: CommandContext,
  engine: Engine,
  datasets: readonly string[],
  options: ScreenRowsOptions,
): Promise<ScreenOptions> {
  const workspace = openWorkspace(folder)
  const vectors = []
  for (const trait of options.trait) vectors.push((await loadVector(trait, workspace, engine.model.id)).vector)
  for (const { screening, provenance } of vectors) {
    if (screening || options.direction === 'persona') continue
    const { name } = provenance.trait
    terminal.note(
      `${name} has no direction for screening: rows are projected on the persona vector itself. personascope vector extract ${name} makes one.`,
    )
  }
  const progress = new Progress(terminal)
  let tokensPerSecond = ''
  let start: number | undefined
  const { layer, direction, promptColumn, responseColumn, idColumn, maxTokens, limit, sample, seed, strict } = options
  return {
    engine,
    workspace,
    datasets,
    vectors,
    ...(layer !== undefined && { layer }),
    ...(direction && { direction }),
    ...(promptColumn !== undefined && { promptColumn }),
    ...(responseColumn !== undefined && { responseColumn }),
    ...(strict && { strict }),
    settings: {
      seed,
      ...(idColumn !== undefined && { idColumn }),
      ...(maxTokens !== undefined && { maxTokens }),
      ...(limit !== undefined && { limit }),
      ...(sample !== undefined && { sample }),
    },
    signal,
    onExamined: files => {
      for (const { path, rows, shape, format, example } of files) {
        terminal.note(
          `${onOneLine(path)}: ${formatCount(rows)} rows of ${format}, read as ${describeShape(shape)}. For example:`,
        )
        for (const { role, content } of example.messages.slice(0, 3))
          terminal.note(`  ${role}: ${wrap(onOneLine(content.slice(0, 500)), terminal.width - 14)[0]}`)
      }
    },
    onProgress: ({ doneRows, totalRows, tokens, phase = 'Scoring' }) => {
      // Looking through the datasets is no part of it.
      start ??= performance.now()
      const seconds = (performance.now() - start) / 1000
      tokensPerSecond = seconds > 1 ? `, ${Math.round(tokens / seconds)} tokens/s` : ''
      progress.show(phase, doneRows, totalRows, (count, of) =>
        of === undefined ? `${count.toFixed(1)} rows` : `${count} of ${of} rows${tokensPerSecond}`,
      )
    },
  }
}
