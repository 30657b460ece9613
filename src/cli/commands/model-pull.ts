import { Command } from 'commander'
import { readyModel } from '../../workbench/open-model.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { showModelSteps } from '../show-model-steps.ts'

export function modelPullCommand(): Command {
  const command = new Command('pull')
    .description('get a model onto this machine, in the weight format that is fastest here')
    .argument('[model]', 'a catalogue id, file:<path> or hf:<owner>/<repo>/<file>.gguf (default: --model)')
  return setAction<[string | undefined], object>(command, run)
}

async function run(
  { terminal, signal, options }: CommandContext,
  _options: object,
  name = options.model,
): Promise<void> {
  const { file, format, origin, alreadyThere } = await readyModel(name, { signal, onStep: showModelSteps(terminal) })
  terminal.print(`${file.id} is ready${alreadyThere ? ' (it was there already)' : ''}, from ${origin}.`)
  if (format) {
    const speeds = Object.entries(format.tokensPerSecond).map(([name, speed]) => `${name} ${speed}`)
    const measured = speeds.length > 0 ? `, measured on this CPU (tokens/s: ${speeds.join(', ')})` : ''
    terminal.print(`Weights as ${format.format}${measured}: ${file.path}`)
  }
  terminal.result({ id: file.id, path: file.path, sha256: file.hash, origin, alreadyThere, format })
}
