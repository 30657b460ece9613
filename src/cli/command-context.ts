import type { Command } from 'commander'
import { openTerminal, type Terminal } from './terminal.ts'

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  readonly options: GlobalOptions
}

export interface GlobalOptions {
  readonly model: string
  readonly workspace: string
  readonly json: boolean
}

export type RunCommand<Arguments extends readonly unknown[], Options> = (
  context: CommandContext,
  options: Options,
  ...args: Arguments
) => Promise<void>

/** Aborted by the first Ctrl-C; a second one ends the process at once. */
export const interruption = new AbortController()

/** Gives a command its action: arguments first, then the options of its own, as commander hands them over. */
export function setAction<Arguments extends readonly unknown[], Options>(
  command: Command,
  run: RunCommand<Arguments, Options>,
): Command {
  return command.action(async (...all: unknown[]) => {
    const self = all.at(-1) as Command
    const options = self.optsWithGlobals<GlobalOptions & Options>()
    const context = { terminal: openTerminal(options.json), signal: interruption.signal, options }
    await run(context, options, ...(all.slice(0, -2) as unknown as Arguments))
  })
}
