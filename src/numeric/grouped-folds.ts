/** Folds for cross-validation that hold out whole groups of rows. */
import { type Groups, numberGroups } from './group-means.ts'
import { requireSameLength } from './numbers.ts'
import { createRandom, type Random } from './random.ts'
import { shuffle } from './shuffle.ts'

/** Row numbers to fit on and row numbers to test on, in rising order; no row is in both. */
export interface Fold {
  readonly train: Int32Array
  readonly test: Int32Array
}

export interface FoldOptions {
  /** At least 2, at most the number of groups. */
  readonly folds: number
  readonly seed: number
}

/**
 * Folds that hold out whole groups: every row is tested once, by a fit that saw no row of its group. Groups are dealt
 * to folds at random, equally many to each (or one more).
 * @throws RangeError where there are fewer groups than folds
 */
export function groupedFolds(groups: Groups, { folds, seed }: FoldOptions): readonly Fold[] {
  const fold = dealGroups(groups, folds, createRandom(seed))
  return Array.from({ length: folds }, (_, k) => splitRows(fold.length, row => (fold[row] === k ? 'test' : 'train')))
}

/**
 * Folds that hold out two crossed groupings at once, such as system prompts and questions. Each grouping is dealt to
 * the folds; fold k tests the rows whose groups are both in part k and fits on the rows of which neither is. The rows
 * between are unused in that fold. With `everyPair`, there is a fold for each pair of parts instead (folds squared):
 * then every row is tested exactly once, by a fit that knew neither of its groups.
 * @throws RangeError where a grouping has fewer groups than folds
 */
export function crossedFolds(
  first: Groups,
  second: Groups,
  { folds, seed, everyPair = false }: FoldOptions & { readonly everyPair?: boolean },
): readonly Fold[] {
  requireSameLength(first, second)
  const random = createRandom(seed)
  const [partOfFirst, partOfSecond] = [dealGroups(first, folds, random), dealGroups(second, folds, random)]
  const parts = Array.from({ length: folds }, (_, k) => k)
  const pairs = everyPair ? parts.flatMap(a => parts.map(b => [a, b] as const)) : parts.map(k => [k, k] as const)
  return pairs.map(([a, b]) =>
    splitRows(partOfFirst.length, row => {
      const [inFirst, inSecond] = [partOfFirst[row] === a, partOfSecond[row] === b]
      if (inFirst && inSecond) return 'test'
      return inFirst || inSecond ? 'unused' : 'train'
    }),
  )
}

/** The fold of each row's group. */
function dealGroups(groups: Groups, folds: number, random: Random): Int32Array {
  const { of, names } = numberGroups(groups)
  if (!(folds >= 2 && folds <= names.length))
    throw new RangeError(`expected 2 to ${names.length} folds for ${names.length} groups, got ${folds}`)
  const order = shuffle(
    names.map((_, group) => group),
    random,
  )
  const foldOfGroup = new Int32Array(names.length)
  for (let i = 0; i < order.length; i++) foldOfGroup[order[i]!] = i % folds
  return of.map(group => foldOfGroup[group]!)
}

function splitRows(count: number, part: (row: number) => 'train' | 'test' | 'unused'): Fold {
  const [train, test]: [number[], number[]] = [[], []]
  for (let row = 0; row < count; row++) {
    const to = part(row)
    if (to === 'train') train.push(row)
    else if (to === 'test') test.push(row)
  }
  return { train: Int32Array.from(train), test: Int32Array.from(test) }
}
