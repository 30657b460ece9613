import { z } from 'zod'

/** An answer that judges have scored, as a run holds it. */
export interface ScoredAnswer {
  /** Its place in the run. */
  readonly index: number
  readonly question: string
  readonly answer: string
  /** What made the model answer so, as a label: the level of a ladder, or `positive` and `negative`. */
  readonly level: string
  /** 0..100, by judge; a judge that gave none is left out. */
  readonly scores: Readonly<Record<string, number>>
}

/** One to be rated: an answer, or two answers to one question of which the rater says which shows more of the trait. */
export type RatingKind = 'answers' | 'pairs'

/** Which of two answers shows more. */
export const preferences = ['a', 'b', 'same'] as const
export type Preference = (typeof preferences)[number]

/** The ends of the scale that single answers are rated on. */
export interface RatingScale {
  readonly low: number
  readonly high: number
}

const keyAnswerSchema = z.object({
  index: z.int().min(0),
  /** sha256 of question and answer. */
  hash: z.string(),
  question: z.string(),
  level: z.string(),
  scores: z.record(z.string(), z.number()),
})

/** What raters must not see: which answer stands behind each id, and what judges gave it. */
export const ratingKeySchema = z.object({
  format: z.literal('personascope-rating-key'),
  formatVersion: z.literal(1),
  id: z.string(),
  kind: z.enum(['answers', 'pairs']),
  trait: z.string(),
  /** The name of the run, and its folder when it was drawn from. */
  run: z.string(),
  runPath: z.string(),
  /** The judge whose scores the sample was drawn by. */
  judge: z.string(),
  scale: z.object({ low: z.number(), high: z.number() }),
  seed: z.int(),
  strata: z.enum(['score', 'level']),
  createdAt: z.string(),
  items: z.array(z.object({ id: z.string(), a: keyAnswerSchema, b: keyAnswerSchema.optional() })),
})

export type RatingKey = z.infer<typeof ratingKeySchema>
export type KeyAnswer = RatingKey['items'][number]['a']

/** What a rater is shown. `other` is the second answer of a pair. */
export interface SheetItem {
  readonly id: string
  readonly question: string
  readonly answer: string
  readonly other?: string
}

/** A sample as it was drawn: what raters are shown, and what they must not see. */
export interface RatingSample {
  readonly key: RatingKey
  /** In the order of the key. */
  readonly items: readonly SheetItem[]
}
