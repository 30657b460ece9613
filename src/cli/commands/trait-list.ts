import { Command } from 'commander'
import { openWorkspace } from '../../store/workspace.ts'
import { listTraits, loadTrait } from '../../trait/load-trait.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatTable } from '../format.ts'

export function traitListCommand(): Command {
  return setAction<[], object>(new Command('list').description('list the traits there are'), run)
}

async function run({ terminal, options }: CommandContext): Promise<void> {
  const { traits } = openWorkspace(options.workspace)
  const rows = []
  for (const { name, path } of await listTraits(traits)) {
    const { trait } = await loadTrait(path, traits)
    rows.push({ name, pairs: trait.contrastivePrompts.length, questions: trait.extractionQuestions.length, path })
  }
  terminal.print(
    formatTable(
      ['trait', 'pairs', 'questions', 'file'],
      rows.map(row => Object.values(row)),
    ),
  )
  terminal.result(rows)
}
