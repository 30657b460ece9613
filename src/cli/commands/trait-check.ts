import { Command } from 'commander'
import { openWorkspace } from '../../store/workspace.ts'
import { assertTraitUsable, checkTrait } from '../../trait/check-trait.ts'
import { type LoadedTrait, loadTrait } from '../../trait/load-trait.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatTable } from '../format.ts'
import type { Terminal } from '../terminal.ts'

export function traitCheckCommand(): Command {
  const command = new Command('check')
    .description('say what is wrong with a trait; ends with 2 where it cannot be used')
    .argument('<trait>', 'the name of a trait, or the path of a trait file')
  return setAction<[string], object>(command, run)
}

/** @throws TRAIT_INVALID after printing all problems, where one of them is an error */
async function run({ terminal, options }: CommandContext, _options: object, name: string): Promise<void> {
  showTraitProblems(terminal, await loadTrait(name, openWorkspace(options.workspace).traits))
}

/**
 * Prints what is wrong with a trait.
 * @param more what else a machine is told
 * @throws TRAIT_INVALID where one of the problems is an error
 */
export function showTraitProblems(terminal: Terminal, loaded: LoadedTrait, more: object = {}): void {
  const problems = checkTrait(loaded.trait)
  const errors = problems.filter(({ severity }) => severity === 'error')
  const warnings = problems.filter(({ severity }) => severity === 'warning')
  if (problems.length > 0) {
    const rows = [...errors, ...warnings].map(({ severity, kind, message }) => [severity, kind, message])
    terminal.print(`${formatTable(['severity', 'kind', 'problem'], rows)}\n`)
  }
  terminal.print(`${loaded.path}: ${counted(errors.length, 'error')}, ${counted(warnings.length, 'warning')}`)
  terminal.result({ path: loaded.path, ...more, errors: errors.length, warnings: warnings.length, problems })
  assertTraitUsable(loaded)
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
}
