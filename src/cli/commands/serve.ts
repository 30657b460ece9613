import { Command } from 'commander'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions } from '../engine-options.ts'
import { collect, numberBetween, wholeNumber } from '../option-values.ts'
import type { ServeOptions } from '../run-server.ts'

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('serve the model through the API of OpenAI, with steering and readings')
    .option('--trait <name>', 'a trait to read in every answer; may be given several times', collect, [])
    .option('--baseline <name>', 'a baseline of the workspace, to place readings among ordinary answers')
    .option('--host <address>', 'where to listen; beyond this machine only with a key', '127.0.0.1')
    .option('--port <n>', 'the port; 0 takes a free one', wholeNumber('--port', 0), 8080)
    .option('--api-key <key>', 'the key that requests must bring (default: PERSONASCOPE_API_KEY)')
    .option('--keys <file>', 'a JSON file of keys, with what each of them may do')
    .option('--upstream <url>', 'serve no model: pass everything on to this server, and read its answers')
    .option(
      '--reproducible',
      'an answer does not depend on what else is asked at the time (exactly so with Q8_0 weights)',
    )
    .option('--no-store', 'keep no readings')
    .option('--store-text', 'keep what was asked and answered too')
    .option('--keep-days <n>', 'forget turns after so many days', numberBetween('--keep-days', 0, 36_500))
    .option('--queue <n>', 'requests that may wait; more are told to come back', wholeNumber('--queue', 0), 64)
    .option('--drain-seconds <n>', 'how long answers may go on when stopped', wholeNumber('--drain-seconds', 0), 30)
  return setAction<[], ServeOptions>(addEngineOptions(command), run)
}

async function run(context: CommandContext, options: ServeOptions): Promise<void> {
  // Loaded when needed: it is large, and no other command needs it.
  const { runServer } = await import('../run-server.ts')
  await runServer(context, options)
}
