/** Command: write a screened dataset without the rows that stand out, and those rows beside it. */
import { Command } from 'commander'
import { parseAbove, parseAmount } from '../../screening/score-condition.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { filterDataset } from '../../workbench/filter-dataset.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatTable } from '../format.ts'
import { collect } from '../option-values.ts'

interface Options {
  readonly dropAbove?: readonly string[]
  readonly dropTop?: readonly string[]
  readonly keep?: readonly string[]
  readonly out?: string
  readonly keepUnreadable?: boolean
}

export function screenFilterCommand(): Command {
  const command = new Command('filter')
    .description('write a screened dataset without the rows that stand out; these are written beside it')
    .argument('<run>', 'the folder that screen printed, or its name; a run of --fast needs no rule')
    .option('--drop-above <rule>', 'take out rows above a score: evil=1.5, evil.z=2', collect)
    .option('--drop-top <rule>', 'take out the highest rows: 5%, evil=5%, evil.max=200', collect)
    .option('--keep <rule>', 'keep the lowest rows only: 95%, evil=10000', collect)
    .option('--out <folder>', 'where the files go (default: filtered in the run)')
    .option('--keep-unreadable', 'leave rows that could not be scored in the dataset')
  return setAction<[string], Options>(command, run)
}

async function run({ terminal, options: global }: CommandContext, options: Options, run: string): Promise<void> {
  const { dropAbove = [], dropTop = [], keep = [], out, keepUnreadable } = options
  const filtered = await filterDataset({
    workspace: openWorkspace(global.workspace),
    run,
    rulesOf: plan => [
      ...dropAbove.map(text => parseAbove(text, plan)),
      ...dropTop.map(text => parseAmount('--drop-top', text, plan)),
      ...keep.map(text => parseAmount('--keep', text, plan)),
    ],
    ...(out !== undefined && { out }),
    ...(keepUnreadable && { keepUnreadable }),
  })
  terminal.print(
    formatTable(
      ['rows', 'file'],
      filtered.files.flatMap(({ kept, flagged }) => [
        [kept.rows, kept.path],
        [flagged.rows, flagged.path],
      ]),
    ),
  )
  terminal.print(
    `\n${filtered.kept} rows kept, ${filtered.flagged} taken out, ${filtered.unreadable} of these unreadable.`,
  )
  terminal.result(filtered)
}
