/** Moments of the rows that folds are fitted on, of which most are rows of other folds, too. */
import { CenteredDesign, type ColumnMoments, type FeatureMatrix } from './centered-design.ts'
import type { Fold } from './grouped-folds.ts'

/** More than this is not kept for it, in bytes. */
const mostBytes = 2 ** 30
/** Blocks of fewer rows cost more to put together than they save. */
const fewestRows = 16

/**
 * Makes the products of columns once for every block of rows that is in the same folds' training, and puts them together
 * for each fold (Chan, Golub and LeVeque 1983), instead of making them anew fold by fold. Of 16 folds that hold out two
 * crossed groupings a row is in nine, so that a ninth of the products is left.
 * @returns what gives the moments of a fold's training rows, by the fold's number; undefined where that would take too
 * much memory, or would save nothing
 */
export function shareMoments(
  features: FeatureMatrix,
  folds: readonly Fold[],
): ((fold: number) => ColumnMoments) | undefined {
  const { columns } = features
  const blocks = blocksOf(folds)
  const rows = blocks.reduce((sum, block) => sum + block.rows.length, 0)
  const wanted = folds.reduce((sum, { train }) => sum + (train.length < columns ? 0 : train.length), 0)
  const bytes = 8 * (blocks.length + 2) * ((columns * (columns + 1)) / 2)
  if (rows >= wanted || rows < fewestRows * blocks.length || bytes > mostBytes) return undefined
  const moments = blocks.map(block => ({
    folds: block.folds,
    ...new CenteredDesign(features, Int32Array.from(block.rows), { standardize: false }).moments(),
  }))
  return fold =>
    joinMoments(
      moments.filter(block => block.folds.has(fold)),
      columns,
    )
}

interface Block {
  /** The folds that are fitted on it. */
  readonly folds: ReadonlySet<number>
  readonly rows: number[]
}

function blocksOf(folds: readonly Fold[]): Block[] {
  const foldsOfRow = new Map<number, number[]>()
  for (const [fold, { train }] of folds.entries())
    for (const row of train) {
      const known = foldsOfRow.get(row)
      if (known) known.push(fold)
      else foldsOfRow.set(row, [fold])
    }
  const blocks = new Map<string, Block>()
  for (const [row, of] of foldsOfRow) {
    const key = of.join()
    const block = blocks.get(key)
    if (block) block.rows.push(row)
    else blocks.set(key, { folds: new Set(of), rows: [row] })
  }
  return [...blocks.values()]
}

function joinMoments(parts: readonly ColumnMoments[], columns: number): ColumnMoments {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  const means = new Float64Array(columns)
  for (const part of parts) for (let i = 0; i < columns; i++) means[i]! += (part.rows / rows) * part.means[i]!
  const products = new Float64Array((columns * (columns + 1)) / 2)
  for (const part of parts) {
    const off = part.means.map((mean, i) => mean - means[i]!)
    let to = 0
    for (let row = 0; row < columns; row++) {
      const weight = part.rows * off[row]!
      for (let column = row; column < columns; column++, to++)
        products[to]! += part.products[to]! + weight * off[column]!
    }
  }
  return { rows, means, products }
}
