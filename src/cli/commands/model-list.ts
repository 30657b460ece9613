import { Command } from 'commander'
import { listModels } from '../../model/list-models.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatBytes, formatTable } from '../format.ts'

export function modelListCommand(): Command {
  return setAction<[], object>(new Command('list').description('list the models of the catalogue'), run)
}

async function run({ terminal }: CommandContext): Promise<void> {
  const models = await listModels()
  const rows = models.map(({ model, isDefault, path }) => [
    model.id + (isDefault ? ' (default)' : ''),
    `${(model.parameters / 1e9).toPrecision(2)} B`,
    model.file.size === null ? '?' : formatBytes(model.file.size),
    model.licence,
    model.instructionTuned ? 'chat' : 'base',
    model.tried ? 'tried' : 'untried',
    path ? 'here' : '',
  ])
  terminal.print(formatTable(['model', 'size', 'file', 'licence', 'kind', '', ''], rows))
  terminal.print('\nAny other GGUF file: file:<path>, or hf:<owner>/<repo>/<file>.gguf')
  terminal.result(models.map(({ model, isDefault, path }) => ({ ...model, isDefault, path: path ?? null })))
}
