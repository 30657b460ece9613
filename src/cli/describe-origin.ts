import type { VectorProvenance } from '../vector/persona-vector.ts'
import { formatLayers } from './format.ts'

/** What a vector that was not extracted was made from, in lines; none for one that was. */
export function describeOrigin({ origin }: VectorProvenance): string[] {
  if (origin?.kind === 'import') {
    const { file, format, convention, sha256, layers } = origin
    return [
      `Imported from ${file} (${format}, layers counted as ${convention}), sha256 ${sha256}.`,
      `It holds layers ${formatLayers(layers)}; how it was made is not known here.`,
    ]
  }
  if (origin?.kind === 'combination') {
    const { terms, orthogonalTo, normalised } = origin
    const sum = terms.map(({ weight, name }) => `${weight}*${name}`).join(' + ')
    const names = orthogonalTo.map(({ name }) => name).join(', ')
    return [
      `Made at every layer as ${sum}.`,
      ...(orthogonalTo.length > 0 ? [`Made orthogonal to ${names}.`] : []),
      ...(normalised ? ['Brought to length 1.'] : []),
    ]
  }
  return []
}
