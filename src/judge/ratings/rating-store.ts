import { z } from 'zod'
import { JsonLinesFile } from '../../store/json-lines-file.ts'
import { preferences } from './rating-sample.ts'

const ratingSchema = z.object({
  /** Of the item. */
  id: z.string(),
  rater: z.string(),
  /** A number on the scale for an answer; for a pair, which shows more. */
  value: z.union([z.number(), z.enum(preferences)]),
  comment: z.string().optional(),
  /** The name of the file it came in. */
  source: z.string(),
  /** When it was taken in. */
  at: z.string(),
})

export type Rating = z.infer<typeof ratingSchema>
export type NewRating = Omit<Rating, 'at'>

/**
 * The ratings of a sample, in a file to which lines are only ever added: who changes his mind adds a rating, and the
 * latest counts.
 */
export class RatingStore {
  readonly #file: JsonLinesFile

  /** @param path made where there is none, as soon as there is something to keep */
  constructor(path: string) {
    this.#file = new JsonLinesFile(path)
  }

  /** Everything ever added, in order. */
  async all(): Promise<Rating[]> {
    return (await this.#file.read()).flatMap(value => ratingSchema.safeParse(value).data ?? [])
  }

  /** What counts: each rater's latest rating of each item. */
  async latest(): Promise<Rating[]> {
    const byRater = new Map((await this.all()).map(rating => [JSON.stringify([rating.rater, rating.id]), rating]))
    return [...byRater.values()]
  }

  /**
   * Adds ratings that say something new; what is there already is not added again.
   * @throws DISK_FULL, FILE_UNWRITABLE
   */
  async add(ratings: readonly NewRating[]): Promise<{ added: number; changed: number; known: number }> {
    const latest = new Map((await this.latest()).map(rating => [JSON.stringify([rating.rater, rating.id]), rating]))
    const counts = { added: 0, changed: 0, known: 0 }
    for (const rating of ratings) {
      const earlier = latest.get(JSON.stringify([rating.rater, rating.id]))
      if (earlier && earlier.value === rating.value && earlier.comment === rating.comment) {
        counts.known++
        continue
      }
      await this.#file.add({ ...rating, at: new Date().toISOString() })
      counts[earlier ? 'changed' : 'added']++
    }
    return counts
  }
}
