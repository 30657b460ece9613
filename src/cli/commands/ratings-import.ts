import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { importRatings } from '../../workbench/import-ratings.ts'
import { type CommandContext, setAction } from '../command-context.ts'

interface Options {
  readonly rater?: string
}

export function ratingsImportCommand(): Command {
  const command = new Command('import')
    .description('take filled sheets in: every row that can be read, and say which cannot')
    .argument('<files...>', 'sheets that raters filled in, CSV or JSON lines')
    .option('--rater <name>', 'who rated, where the sheet has no column "rater"')
  return setAction<[readonly string[]], Options>(command, run)
}

/** @throws RATINGS_INVALID after all that can be was taken in, where some rows cannot */
async function run(
  { terminal, options: { workspace } }: CommandContext,
  { rater }: Options,
  files: readonly string[],
): Promise<void> {
  const sheets = await importRatings(openWorkspace(workspace), files, rater?.trim() || undefined)
  for (const { path, added, changed, known, unrated, faults } of sheets) {
    terminal.print(
      `${path}: ${added} added, ${changed} changed, ${known} known already, ${unrated} left empty, ${faults.length} not taken in`,
    )
    for (const { line, detail } of faults) terminal.note(`${path}, line ${line}: ${detail}.`)
  }
  terminal.result(sheets)
  const faults = sheets.flatMap(({ path, faults: own }) => own.map(fault => ({ path, ...fault })))
  if (faults.length === 0) return
  const total = sheets.reduce((sum, sheet) => sum + sheet.added + sheet.changed + sheet.known + sheet.faults.length, 0)
  const { path, line, detail } = faults[0]!
  throw new PersonascopeError('RATINGS_INVALID', {
    count: faults.length,
    total,
    detail: `${path}, line ${line}: ${detail}`,
  })
}
