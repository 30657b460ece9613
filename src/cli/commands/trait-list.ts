import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { listTraits, loadTrait, type TraitEntry } from '../../trait/load-trait.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatTable } from '../format.ts'

export function traitListCommand(): Command {
  return setAction<[], object>(new Command('list').description('list the traits there are'), run)
}

async function run({ terminal, options }: CommandContext): Promise<void> {
  const { traits } = openWorkspace(options.workspace)
  const entries = await Promise.all((await listTraits(traits)).map(async entry => await describe(entry, traits)))
  const rows = entries.flatMap(({ name, origin, counts, description }) => {
    if (!counts) return []
    const { pairs, extractionQuestions, evaluationQuestions, forecastQuestions, ladderLevels } = counts
    const questions = [extractionQuestions, evaluationQuestions, ...(forecastQuestions ? [forecastQuestions] : [])]
    return [[name, origin, pairs, questions.join(' + '), ladderLevels, description]]
  })
  const header = ['trait', 'origin', 'pairs', 'questions', 'levels', 'description']
  terminal.print(
    formatTable(header, rows)
      .split('\n')
      .map(line => (line.length > terminal.width ? `${line.slice(0, terminal.width - 1)}…` : line))
      .join('\n'),
  )
  for (const { fault } of entries) if (fault) terminal.note(`\n${fault}`)
  terminal.result(entries)
}

/** What is in a trait file; where it cannot be read, why, so that one wrong file does not hide the others. */
async function describe({ name, path, origin }: TraitEntry, directory: string) {
  try {
    const { trait } = await loadTrait(path, directory)
    const counts = {
      pairs: trait.contrastivePrompts.length,
      extractionQuestions: trait.extractionQuestions.length,
      evaluationQuestions: trait.evaluationQuestions.length,
      ladderLevels: trait.ladder.length,
      forecastQuestions: trait.forecastQuestions?.length ?? 0,
    }
    return { name, origin, path, description: trait.description, counts }
  } catch (error) {
    if (!PersonascopeError.is(error)) throw error
    return { name, origin, path, fault: error.message }
  }
}
