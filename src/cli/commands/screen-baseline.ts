/** Command: learn how ordinary answers are spread, to compare datasets with. */
import { Command } from 'commander'
import { openWorkspace } from '../../store/workspace.ts'
import { keepBaseline } from '../../workbench/keep-baseline.ts'
import { screenDataset } from '../../workbench/screen-dataset.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, openEngine } from '../engine-options.ts'
import { formatTable } from '../format.ts'
import { wholeNumber } from '../option-values.ts'
import {
  addScreenOptions,
  bringNamed,
  defaultOwnAnswerTokens,
  readScreenOptions,
  type ScreenRowsOptions,
} from './screen-options.ts'

interface Options extends ScreenRowsOptions {
  readonly name: string
  readonly ownAnswers?: boolean
  readonly ownAnswerTokens: number
}

export function screenBaselineCommand(): Command {
  const command = new Command('baseline')
    .description('keep how the answers of a dataset are spread, to compare others with')
    .argument('<dataset...>', 'a dataset of ordinary answers')
    .option('--name <name>', 'what the baseline is called', 'default')
    .option('--own-answers', 'take the model’s own answers to the prompts instead of the responses')
    .option(
      '--own-answer-tokens <n>',
      'the most tokens of an own answer',
      wholeNumber('--own-answer-tokens', 1),
      defaultOwnAnswerTokens,
    )
  return setAction<[string[]], Options>(addEngineOptions(addScreenOptions(command)), run)
}

async function run(context: CommandContext, options: Options, names: string[]): Promise<void> {
  const { terminal } = context
  const datasets = await bringNamed(context, names)
  await using engine = await openEngine(context, options, { work: 'reading' })
  const read = await readScreenOptions(context, engine, datasets, options)
  const { ownAnswers, ownAnswerTokens, name } = options
  const { runPath, plan } = await screenDataset({
    ...read,
    settings: { ...read.settings, ...(ownAnswers && { ownAnswerTokens }) },
  })
  const workspace = openWorkspace(context.options.workspace)
  const { path, file } = await keepBaseline(
    { folder: runPath, plan },
    workspace,
    name,
    ownAnswers ? 'own-answers' : 'rows',
  )
  terminal.print(
    formatTable(
      ['trait', 'layer', 'rows', 'mean', 'sd'],
      Object.entries(file.traits).map(([trait, { layer, rows, mean, sd }]) => [
        trait,
        layer,
        rows,
        mean.toFixed(3),
        sd.toFixed(3),
      ]),
    ),
  )
  terminal.print(`\nBaseline  ${path}`)
  terminal.result({ path, ...file })
}
