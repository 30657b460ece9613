import { Command } from 'commander'
import { asLayer, type Layer } from '../../engine/contract/layer.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { modelIdOf } from '../../model/model-id.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { cosineMatrix, type NamedVector } from '../../vector/arithmetic.ts'
import { vectorKinds } from '../../vector/extract-vector.ts'
import type { VectorKind } from '../../vector/persona-vector.ts'
import { loadNamed } from '../../workbench/combine-vectors.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatTable } from '../format.ts'
import { numberBetween, oneOf, wholeNumber } from '../option-values.ts'

interface Options {
  readonly layer?: readonly number[]
  readonly kind?: VectorKind
  readonly threshold: number
}

interface Comparison {
  readonly layer: Layer
  readonly cosines: readonly (readonly number[])[]
}

export function vectorCompareCommand(): Command {
  const command = new Command('compare')
    .description('how alike vectors are: the cosine of each with each')
    .argument('<vectors...>', 'names of vectors, or paths of vector files; two or more')
    .option('--layer <n>', "at this layer (default: the first vector's own); may be given several times", collectLayers)
    .option('--kind <kind>', vectorKinds().join(', '), oneOf('--kind', vectorKinds()))
    .option(
      '--threshold <c>',
      'warn where |cosine| is above it: the two tell little apart',
      numberBetween('--threshold', 0, 1),
      0.8,
    )
  return setAction<[string[]], Options>(command, run)
}

async function run({ terminal, options: own }: CommandContext, options: Options, names: string[]): Promise<void> {
  if (names.length < 2) {
    const facts = { option: 'the vectors', expected: 'two or more', got: names.join(' ') }
    throw new PersonascopeError('OPTION_INVALID', facts)
  }
  const workspace = openWorkspace(own.workspace)
  const vectors: NamedVector[] = []
  for (const name of names) vectors.push(await loadNamed(name, workspace, modelIdOf(own.model)))
  const { vector: first, name: firstName } = vectors[0]!
  const layers = options.layer ?? [first.defaultLayer]
  const comparisons = layers.map((wanted): Comparison => {
    const layer = asLayer(wanted, { id: `the vector ${firstName}`, blockCount: first.blockCount })
    return { layer, cosines: cosineMatrix(vectors, layer, options.kind) }
  })
  terminal.print(comparisons.map(comparison => tableOf(comparison, vectors)).join('\n\n'))
  const parallel = comparisons.flatMap(comparison => parallelPairs(comparison, vectors, options.threshold))
  for (const { layer, first: a, second: b, cosine } of parallel) {
    terminal.note(
      `Warning: ${a} and ${b} are nearly ${cosine > 0 ? 'parallel' : 'opposite'} at layer ${layer} (cosine ${cosine.toFixed(3)}): readings of one say little that the other does not.`,
    )
  }
  terminal.result({ vectors: vectors.map(({ name, sha256 }) => ({ name, sha256 })), comparisons, parallel })
}

function tableOf({ layer, cosines }: Comparison, vectors: readonly NamedVector[]): string {
  const names = vectors.map(({ name }) => name)
  const rows = cosines.map((row, index) => [names[index]!, ...row.map(value => value.toFixed(3))])
  return formatTable([`layer ${layer}`, ...names], rows)
}

function parallelPairs({ layer, cosines }: Comparison, vectors: readonly NamedVector[], threshold: number) {
  return vectors.flatMap((first, a) =>
    vectors.slice(a + 1).flatMap((second, after) => {
      const cosine = cosines[a]![a + 1 + after]!
      return Math.abs(cosine) > threshold ? [{ layer, first: first.name, second: second.name, cosine }] : []
    }),
  )
}

function collectLayers(text: string, earlier: readonly number[] = []): number[] {
  return [...earlier, wholeNumber('--layer', 0)(text)]
}
