import { createRandom, deriveSeed } from '../numeric/random.ts'
import type { ScreeningSettings } from './screening-plan.ts'

type Choice = Pick<ScreeningSettings, 'limit' | 'sample' | 'seed'>

/** How many of `rows` rows are screened. */
export function countChosen(rows: number, { limit = rows, sample = rows }: Choice): number {
  return Math.min(rows, limit, sample)
}

/**
 * Says of one row after the other whether it is screened: all, the first `limit`, or `sample` of these, each set of
 * rows equally likely (selection sampling: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). The same
 * seed chooses the same rows, whatever was screened before.
 */
export function rowChooser(rows: number, settings: Choice): () => boolean {
  const random = createRandom(deriveSeed(settings.seed, 'screened rows'))
  let left = Math.min(rows, settings.limit ?? rows)
  let wanted = countChosen(rows, settings)
  return () => {
    if (left === 0) return false
    const isChosen = left === wanted || random.next() * left < wanted
    left--
    if (isChosen) wanted--
    return isChosen
  }
}
