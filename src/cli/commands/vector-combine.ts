import { Command } from 'commander'
import { modelIdOf } from '../../model/model-id.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { combineStoredVectors } from '../../workbench/combine-vectors.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeVector } from '../describe-vector.ts'
import { collect } from '../option-values.ts'
import { vectorName } from '../vector-name.ts'

interface Options {
  readonly name: string
  readonly orthogonalTo: readonly string[]
  readonly normalise?: boolean
  readonly overwrite?: boolean
}

export function vectorCombineCommand(): Command {
  const command = new Command('combine')
    .description('make a vector from others: a weighted sum, at every layer')
    .argument(
      '<sum>',
      'for example "0.5*joyful - 0.2*evil"; spaces around + and -; a sum that begins with - stands after --',
    )
    .requiredOption('--name <name>', 'what the result is called', vectorName('--name'))
    .option(
      '--orthogonal-to <vector>',
      'take out the part along this vector, at every layer; may be given several times',
      collect,
      [],
    )
    .option('--normalise', 'bring the result to length 1 at every layer')
    .option('--overwrite', 'replace a vector of the same name')
  return setAction<[string], Options>(command, run)
}

async function run({ terminal, options: own }: CommandContext, options: Options, expression: string): Promise<void> {
  const { vector, path } = await combineStoredVectors({
    expression,
    name: options.name,
    modelId: modelIdOf(own.model),
    workspace: openWorkspace(own.workspace),
    orthogonalTo: options.orthogonalTo,
    normalised: options.normalise ?? false,
    overwrite: options.overwrite ?? false,
  })
  terminal.print(describeVector(vector))
  terminal.print(`\n${path}`)
  terminal.result({ path, defaultLayer: vector.defaultLayer, ...vector.provenance.origin })
}
