import { Command } from 'commander'
import { openWorkspace } from '../../store/workspace.ts'
import { agreeRatings } from '../../workbench/agree-ratings.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeAgreement } from '../describe-agreement.ts'
import { wholeNumber } from '../option-values.ts'

interface Options {
  readonly judge?: string
  readonly seed: number
}

export function ratingsAgreeCommand(): Command {
  const command = new Command('agree')
    .description('say how far a judge agrees with the people who rated, and they with each other')
    .argument('[sample]', 'which sample (default: the only one)')
    .option('--judge <name>', 'a judge of the run, or a part of its name (default: the one the sample was drawn by)')
    .option('--seed <n>', 'of the intervals', wholeNumber('--seed', 0), 0)
  return setAction<[string | undefined], Options>(command, run)
}

async function run(
  { terminal, options: { workspace } }: CommandContext,
  { judge, seed }: Options,
  sample: string | undefined,
): Promise<void> {
  const agreement = await agreeRatings({
    workspace: openWorkspace(workspace),
    ...(sample !== undefined && { sample }),
    ...(judge !== undefined && { judge }),
    seed,
  })
  terminal.print(describeAgreement(agreement))
  for (const warning of agreement.warnings) terminal.note(`Warning: ${warning}`)
  terminal.result(agreement)
}
