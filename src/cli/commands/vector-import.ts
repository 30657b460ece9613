import { Command } from 'commander'
import { modelIdOf } from '../../model/model-id.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { type Convention, conventionNames, conventions } from '../../vector/format/convention.ts'
import type { ForeignFormat } from '../../vector/format/foreign-vector.ts'
import { type ImportedVector, importVector } from '../../workbench/import-vector.ts'
import { loadVector } from '../../workbench/load-vector.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatLayers } from '../format.ts'
import { oneOf, wholeNumber } from '../option-values.ts'
import { vectorName } from '../vector-name.ts'

interface Options {
  readonly name: string
  readonly from?: ForeignFormat
  readonly convention?: Convention
  readonly tensor?: string
  readonly layer?: number
  readonly blocks?: number
  readonly normsFrom?: string
  readonly overwrite?: boolean
}

const formats = ['pt', 'gguf', 'safetensors'] as const satisfies readonly ForeignFormat[]

export function vectorImportCommand(): Command {
  const command = new Command('import')
    .description('bring a vector of another tool into the workspace')
    .argument('<file>', 'a .pt of torch.save, a GGUF control vector, or safetensors')
    .requiredOption('--name <name>', 'what the vector is called from now on', vectorName('--name'))
    .option('--from <format>', `${formats.join(', ')} (default: told from the file)`, oneOf('--from', formats))
    .option(
      '--convention <name>',
      `how the file counts layers, where it does not say so: ${conventionNames.join(', ')}`,
      oneOf('--convention', conventionNames),
    )
    .option('--tensor <name>', 'the tensor to take, where the file holds several')
    .option(
      '--layer <n>',
      'the layer used where none is named; for a file of one direction, its layer',
      wholeNumber('--layer', 1),
    )
    .option('--blocks <n>', 'how many blocks the model has, where it is not here', wholeNumber('--blocks', 1))
    .option('--norms-from <vector>', 'a vector extracted on the model, for relative doses')
    .option('--overwrite', 'replace a vector of the same name')
  return setAction<[string], Options>(command, run)
}

async function run({ terminal, signal, options: own }: CommandContext, options: Options, file: string): Promise<void> {
  const { normsFrom, blocks, ...asked } = options
  const workspace = openWorkspace(own.workspace)
  const norms = normsFrom === undefined ? undefined : await loadVector(normsFrom, workspace, modelIdOf(own.model))
  const imported = await importVector({
    name: asked.name,
    path: file,
    model: own.model,
    workspace,
    signal,
    ...(asked.from && { from: asked.from }),
    ...(asked.convention && { convention: asked.convention }),
    ...(asked.tensor !== undefined && { tensor: asked.tensor }),
    ...(asked.layer !== undefined && { layer: asked.layer }),
    ...(asked.overwrite && { overwrite: true }),
    ...(blocks !== undefined && { blockCount: blocks }),
    ...(norms && { normsFrom: norms.vector }),
  })
  const { vector, path, placed, modelKnown } = imported
  const { model, origin } = vector.provenance
  terminal.print(describeImport(imported))
  if (!modelKnown)
    terminal.note(`Warning: ${model.id} is not on this machine, so the vector's shape could not be compared with it.`)
  if (!norms) terminal.note('Relative doses are not known for it: give coefficients, or import with --norms-from.')
  terminal.print(path)
  terminal.result({ path, because: placed.because, defaultLayer: vector.defaultLayer, ...origin })
}

function describeImport({ vector, foreign, placed }: ImportedVector): string {
  const { trait, model } = vector.provenance
  const { convention, because, directions } = placed
  const counted =
    convention === 'layer'
      ? 'One direction, for the layer that was named.'
      : `Layers counted as ${convention}, because ${because}: ${conventions[convention].meaning}. Give --convention if that is wrong.`
  return [
    `Imported ${trait.name} for ${model.id} (${foreign.format}): layers ${formatLayers([...directions.keys()])} of ${vector.blockCount}, hidden size ${vector.hiddenSize}.`,
    counted,
    `Used where none is named: layer ${vector.defaultLayer} (${vector.defaultLayerReason}).`,
  ].join('\n')
}
