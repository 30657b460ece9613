import { Command } from 'commander'
import { modelIdOf } from '../../model/model-id.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { loadVector } from '../../workbench/load-vector.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeVector } from '../describe-vector.ts'

export function vectorShowCommand(): Command {
  const command = new Command('show')
    .description('show a vector of the workspace: how it was made, and its size at every layer')
    .argument('<vector>', 'the name of a vector, or the path of a vector file')
  return setAction<[string], object>(command, run)
}

async function run({ terminal, options }: CommandContext, _options: object, name: string): Promise<void> {
  const { vector, path } = await loadVector(name, openWorkspace(options.workspace), modelIdOf(options.model))
  terminal.print(describeVector(vector))
  terminal.print(`\n${path}`)
  terminal.result({ path, defaultLayer: vector.defaultLayer, ...vector.provenance })
}
