import { Command } from 'commander'
import { inspectGguf } from '../../model/inspect-gguf.ts'
import { pullModel } from '../../model/pull-model.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatBytes, formatTable } from '../format.ts'
import { showModelSteps } from '../show-model-steps.ts'

export function modelInspectCommand(): Command {
  const command = new Command('inspect')
    .description('say what a model file holds')
    .argument('[model]', 'as for `model pull` (default: --model)')
  return setAction<[string | undefined], object>(command, run)
}

async function run(
  { terminal, signal, options }: CommandContext,
  _options: object,
  name = options.model,
): Promise<void> {
  const show = showModelSteps(terminal)
  const { path, hash } = await pullModel(name, { signal, onProgress: progress => show({ type: 'pull', progress }) })
  const info = await inspectGguf(path)
  const tensors = Object.entries(info.tensorTypes).map(([type, count]) => `${count} ${type}`)
  const rows: [string, string | number][] = [
    ['file', path],
    ['size', formatBytes(info.fileSize)],
    ['sha256', hash],
    ['name', info.name ?? ''],
    ['architecture', info.architecture],
    ['parameters', info.parameterCount],
    ['blocks (layers 0..B)', info.blockCount],
    ['hidden size', info.hiddenSize],
    ['vocabulary', info.vocabularySize ?? '?'],
    ['context', info.contextTokens ?? '?'],
    ['weights', `${info.weightFormat} (${tensors.join(', ')})`],
    ['chat template', info.hasChatTemplate ? 'yes' : 'no'],
  ]
  terminal.print(
    formatTable(
      ['', ''],
      rows.map(([label, value]) => [label, `${value}`]),
    ).trimStart(),
  )
  terminal.result({ ...info, sha256: hash })
}
