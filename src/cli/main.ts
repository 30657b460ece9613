/** Runs the command line and ends with its exit code. */
import { type Command, CommanderError } from 'commander'
import { exitCodes } from '../errors/catalogue.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { interruption } from './command-context.ts'
import { onOneLine } from './format.ts'
import { personascopeCommand } from './personascope-command.ts'

async function main(): Promise<void> {
  const program = personascopeCommand()
  forEachCommand(program, command => command.exitOverride().configureOutput({ outputError: () => {} }))
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  // A reader that has seen enough, such as head, closes the pipe: that is no fault.
  process.stdout.on('error', error => process.exit('code' in error && error.code === 'EPIPE' ? 0 : exitCodes.internal))
  try {
    await program.parseAsync()
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** The first Ctrl-C lets the command end in order, the second one ends it. */
function interrupt(): void {
  if (interruption.signal.aborted) process.exit(exitCodes.interrupted)
  interruption.abort()
}

/** Prints an error as one line, and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.success
    if (error.code !== 'commander.help')
      process.stderr.write(`${onOneLine(error.message.replace(/^error: /, ''))}. See --help.\n`)
    return exitCodes.usage
  }
  const known = interruption.signal.aborted ? new PersonascopeError('INTERRUPTED') : PersonascopeError.from(error)
  process.stderr.write(`\n${onOneLine(known.message)}\n`)
  if (process.env['PERSONASCOPE_DEBUG']) process.stderr.write(`${(error as Error)?.stack ?? error}\n`)
  return known.exitCode
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command)
  for (const child of command.commands) forEachCommand(child, visit)
}

await main()
