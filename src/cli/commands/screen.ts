/** Command: score the rows of a dataset on persona vectors; and what is done with the scores. */
import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { describeCascade } from '../../screening/cascade/describe-cascade.ts'
import {
  asFastRules,
  checkCondition,
  type DatasetCondition,
  type NamedTraits,
  parseAbove,
  parseAmount,
  parseCondition,
} from '../../screening/score-condition.ts'
import { openScores } from '../../screening/scores-file.ts'
import type { FastRule } from '../../screening/screening-plan.ts'
import { verdictOf } from '../../screening/screening-report.ts'
import { estimateScreening, type FinishedScreening, screenDataset } from '../../workbench/screen-dataset.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeRows } from '../describe-rows.ts'
import { addEngineOptions, openEngine } from '../engine-options.ts'
import { formatDuration, formatTable } from '../format.ts'
import { collect, wholeNumber } from '../option-values.ts'
import { screenBaselineCommand } from './screen-baseline.ts'
import { screenFilterCommand } from './screen-filter.ts'
import {
  addScreenOptions,
  bringNamed,
  defaultOwnAnswerTokens,
  readScreenOptions,
  type ScreenRowsOptions,
} from './screen-options.ts'

interface Options extends ScreenRowsOptions {
  readonly difference?: boolean
  readonly ownAnswerTokens: number
  readonly baseline?: string
  readonly groupBy?: string
  readonly labelColumn?: string
  readonly failIf?: readonly string[]
  readonly fast?: boolean
  readonly dropAbove?: readonly string[]
  readonly dropTop?: readonly string[]
  readonly dryRun?: boolean
}

export function screenCommand(): Command {
  const run = new Command('run')
    .description('score every row of a dataset on persona vectors, and say what the dataset would teach')
    .argument('<dataset...>', 'CSV, TSV, JSONL, JSON or Parquet, also with .gz or .zst; globs; hf:<owner>/<name>')
    .option('--difference', 'also subtract the projection of the model’s own answer to the same prompt')
    .option(
      '--own-answer-tokens <n>',
      'the most tokens of an own answer',
      wholeNumber('--own-answer-tokens', 1),
      defaultOwnAnswerTokens,
    )
    .option('--baseline <name>', 'compare with this baseline (made by screen baseline)')
    .option('--group-by <column>', 'a verdict for each value of this column')
    .option('--label-column <name>', '1 or 0, whether a row shows the trait: measures how well it is told')
    .option('--fail-if <condition>', 'end with exit code 5 where it holds, like "evil.p95 > 2.0"', collect)
    .option('--fast', 'read in full only the rows that matter for --drop-top and --drop-above')
    .option('--drop-above <rule>', 'with --fast, the decision: rows above a projection, like evil=150', collect)
    .option('--drop-top <rule>', 'with --fast, the decision: the highest rows, like 5% or evil=5%', collect)
    .option('--dry-run', 'show what was understood and how long it would take, and do nothing')
  return new Command('screen')
    .description('find the rows of a dataset that would teach a trait')
    .addCommand(setAction<[string[]], Options>(addEngineOptions(addScreenOptions(run)), screen), { isDefault: true })
    .addCommand(screenFilterCommand())
    .addCommand(screenBaselineCommand())
}

async function screen(context: CommandContext, options: Options, names: string[]): Promise<void> {
  const { terminal } = context
  assertRulesBelong(options)
  const datasets = await bringNamed(context, names)
  await using engine = await openEngine(context, options, { work: 'reading' })
  const { difference, ownAnswerTokens, baseline, groupBy, labelColumn, failIf = [], fast } = options
  const read = await readScreenOptions(context, engine, datasets, options)
  const traits = read.vectors.map(({ provenance }) => provenance.trait)
  // Said before the work is done, not after.
  const conditions = failIf.map(text => parseCondition(text, { traits }))
  assertMeasured(conditions, { z: baseline !== undefined, difference: difference === true })
  const rules = fastRules(options, { traits })
  const wanted = {
    ...read,
    ...(fast && { fast: { rules } }),
    ...(baseline !== undefined && { baseline }),
    settings: {
      ...read.settings,
      ...(difference && { ownAnswerTokens }),
      ...(groupBy !== undefined && { groupColumn: groupBy }),
      ...(labelColumn !== undefined && { labelColumn }),
    },
  }
  if (options.dryRun) {
    const estimate = await estimateScreening(wanted)
    const time = estimate.minutes === undefined ? 'unknown' : `about ${formatDuration(estimate.minutes * 60)}`
    terminal.print(`Screening ${estimate.rows} rows: ${time} (measured on ${estimate.measuredRows} rows).`)
    if (fast) terminal.print('That is with every row read in full; what --fast saves is known once it has begun.')
    terminal.print('Nothing was kept (--dry-run).')
    return terminal.result(estimate)
  }
  const finished = await screenDataset(wanted)
  if (finished.reusedRows > 0) terminal.note(`${finished.reusedRows} rows were there from an earlier run.`)
  terminal.print(describeScreening(finished))
  const checks = await checkAll(finished, conditions)
  terminal.result({ ...finished, conditions: checks })
  const met = checks.filter(({ isMet }) => isMet)
  if (met.length > 0) {
    const text = met.map(({ condition, value }) => `${condition} (it is ${value})`).join('; ')
    throw new PersonascopeError('SCREENING_CONDITION_MET', { conditions: text })
  }
}

/** Rules belong to --fast, and what looks at all rows does not. Throws OPTION_INVALID. */
function assertRulesBelong({ fast, dropAbove = [], dropTop = [], failIf = [] }: Options): void {
  const [rule] = [...dropAbove, ...dropTop]
  const wrong = (option: string, expected: string, got: string) =>
    new PersonascopeError('OPTION_INVALID', { option, expected, got })
  if (!fast && rule !== undefined)
    throw wrong('--drop-top and --drop-above', 'beside --fast (without it they belong to screen filter)', rule)
  if (fast && failIf.length > 0)
    throw wrong('--fail-if', 'without --fast, which reads some rows in part only', failIf[0]!)
}

/** A condition on a score that no row will have could not fail. Throws SCREENING_UNMEASURED. */
function assertMeasured(
  conditions: readonly DatasetCondition[],
  are: { readonly z: boolean; readonly difference: boolean },
) {
  for (const { trait, measure } of conditions)
    if ((measure === 'z' || measure === 'difference') && !are[measure])
      throw new PersonascopeError('SCREENING_UNMEASURED', { trait, measure })
}

/** The decision that --fast is given. Throws OPTION_INVALID. */
function fastRules({ dropAbove = [], dropTop = [] }: Options, named: NamedTraits): FastRule[] {
  return asFastRules([
    ...dropAbove.map(text => parseAbove(text, named)),
    ...dropTop.map(text => parseAmount('--drop-top', text, named)),
  ])
}

async function checkAll({ runPath }: FinishedScreening, conditions: readonly DatasetCondition[]) {
  await using scores = await openScores(runPath)
  const checks = []
  for (const condition of conditions)
    checks.push({ condition: condition.text, ...(await checkCondition(scores, condition)) })
  return checks
}

function describeScreening({ summary, reportPath, scoresPath, unreadablePath, runPath }: FinishedScreening): string {
  const { rows, traits } = summary
  const number = (value: number | undefined) => value?.toFixed(3) ?? '-'
  return [
    ...describeRows(summary),
    '',
    formatTable(
      ['trait', 'layer', 'mean', 'median', 'p95', 'p99', 'max', 'difference'],
      traits.map(({ name, layer, spreads: { projection: of, difference } }) => [
        name,
        layer,
        ...[of?.mean, of?.p50, of?.p95, of?.p99, of?.max, difference?.mean].map(number),
      ]),
    ),
    '',
    ...(summary.fast ? [describeCascade(summary.fast), ''] : []),
    ...traits.map(verdictOf),
    ...traits.flatMap(({ name, areas }) =>
      areas.map(
        ({ name: by, area, low, high }) =>
          `${name}, told by ${by}: AUC ${area.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`,
      ),
    ),
    '',
    `Report      ${reportPath}`,
    `Scores      ${scoresPath}`,
    ...(rows.unreadable > 0 ? [`Unreadable  ${unreadablePath}`] : []),
    `Run         ${runPath}`,
  ].join('\n')
}
