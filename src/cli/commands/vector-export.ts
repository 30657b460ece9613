import { Command } from 'commander'
import { blockBefore } from '../../engine/contract/layer.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { modelIdOf } from '../../model/model-id.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { vectorKinds } from '../../vector/extract-vector.ts'
import { type ExportFormat, exportFormats, exportVector } from '../../vector/format/export-vector.ts'
import type { VectorKind } from '../../vector/persona-vector.ts'
import { loadVector } from '../../workbench/load-vector.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatLayers } from '../format.ts'
import { numberBetween, oneOf } from '../option-values.ts'

interface Options {
  readonly to: ExportFormat
  readonly output: string
  readonly layers?: readonly [number, number]
  readonly scale: number
  readonly kind?: VectorKind
}

export function vectorExportCommand(): Command {
  const command = new Command('export')
    .description('write a vector for other tools: llama.cpp, Python, a spreadsheet')
    .argument('<vector>', 'the name of a vector, or the path of a vector file')
    .requiredOption('--to <format>', exportFormats.join(', '), oneOf('--to', exportFormats))
    .requiredOption('--output <file>', 'where to write it')
    .option('--layers <a-b>', 'these layers only (default: all the format can hold)', layerRange)
    .option('--scale <factor>', 'multiply every number by it', numberBetween('--scale', -1e6, 1e6), 1)
    .option('--kind <kind>', vectorKinds().join(', '), oneOf('--kind', vectorKinds()))
  return setAction<[string], Options>(command, run)
}

async function run({ terminal, options: own }: CommandContext, options: Options, name: string): Promise<void> {
  const { to, output, layers: asked, scale, kind } = options
  const { vector } = await loadVector(name, openWorkspace(own.workspace), modelIdOf(own.model))
  const layers = await exportVector(vector, {
    format: to,
    path: output,
    scale,
    ...(asked && { layers: asked }),
    ...(kind && { kind }),
  })
  terminal.print(`Wrote ${output}: layers ${formatLayers(layers)} of ${vector.provenance.trait.name}.`)
  if (to === 'gguf') {
    const layer = layers.includes(vector.defaultLayer) ? vector.defaultLayer : layers.at(-1)!
    const block = blockBefore(layer)
    terminal.print(`direction.N acts on block N, counted from 0, which is layer N+1. Layer 1 cannot be in such a file:`)
    terminal.print(`llama.cpp refuses direction.0. To steer at one layer, name its block twice; here layer ${layer}:`)
    terminal.print(`  --control-vector-scaled ${output}:1 --control-vector-layer-range ${block} ${block}`)
  }
  terminal.result({ path: output, format: to, layers, scale })
}

function layerRange(text: string): [number, number] {
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text.trim()) ?? []
  if (from !== undefined && Number(from) <= Number(to)) return [Number(from), Number(to)]
  const expected = 'a layer or a range of layers such as 10-20'
  throw new PersonascopeError('OPTION_INVALID', { option: '--layers', expected, got: text })
}
