/** An answer to be judged, and the question it answers. */
export interface JudgeItem {
  readonly question: string
  readonly answer: string
}

/**
 * How a value was come by. `log-probabilities`: the probability-weighted mean over the numbers the judge might have
 * said. `parsed`: the one number it said, from a judge that shows no log-probabilities. `lexicon`: counted words.
 */
export type ScoreMethod = 'log-probabilities' | 'parsed' | 'lexicon'

/** A value 0..100, or the reason why there is none; never NaN. */
export type Score = ScoredValue | UnscoredValue

export interface ScoredValue {
  readonly status: 'scored'
  /** 0..100 */
  readonly value: number
  readonly method: ScoreMethod
  /** How much probability lay on the integers 0..100; with method `log-probabilities` only. */
  readonly mass?: number
  /** The probability of each integer as the judge gave it, not normalised. */
  readonly distribution?: Readonly<Record<string, number>>
}

export interface UnscoredValue {
  readonly status: 'unscored'
  /** One clause, the same for all answers that are unscored for the same reason. */
  readonly reason: string
  readonly mass?: number
  readonly distribution?: Readonly<Record<string, number>>
}

/** Undefined where there is none. */
export function scoreValue(score: Score | undefined): number | undefined {
  return score?.status === 'scored' ? score.value : undefined
}

/** What a judge says of one answer. */
export interface Judgement {
  /** How strongly the answer shows the trait. */
  readonly expression: Score
  /** How well the answer holds together, whatever it shows; absent where the judge does not look at that. */
  readonly coherence?: Score
}

export interface JudgeOptions {
  readonly signal?: AbortSignal
  /** Hears every judgement as it is ready, in order of completion. */
  readonly onScore?: (index: number, judgement: Judgement) => void
}

/** What judging would take, before anything is spent. */
export interface JudgeEstimate {
  /** Calls of a model; those known from before are not counted. */
  readonly calls: number
  /** Estimated, about one for four characters. */
  readonly promptTokens?: number
  /** At most, in the currency of the prices; absent where the model has none. */
  readonly cost?: number
}

/**
 * Scores how strongly answers show one trait. What it is asked is part of it: a judge belongs to a trait.
 *
 * `id` names what judges, for provenance: `lexicon:sentiment`, `llm:http://127.0.0.1:8000/v1#model`,
 * `llm:engine#smollm2-135m-instruct`.
 */
export interface Judge {
  readonly id: string
  /** For people: one clause. */
  readonly description: string
  /** sha256 of what it is asked about answers; absent where it is asked nothing, as a word list. */
  readonly rubricHash?: string
  /**
   * Judgements in the order of the items. An answer it cannot make sense of is unscored with a reason.
   * @throws JUDGE_UNREACHABLE, JUDGE_FAILED, JUDGE_BUDGET_SPENT, JUDGE_ABORTED, or what its engine throws
   */
  score(items: readonly JudgeItem[], options?: JudgeOptions): Promise<Judgement[]>
  estimate(items: readonly JudgeItem[]): JudgeEstimate
  /** Called before the first of these is scored, however many calls of `score` that takes: whoever pays may hear of it. */
  announce?(items: readonly JudgeItem[]): void
}

/** The score of an answer without any text. */
export const emptyAnswer: UnscoredValue = { status: 'unscored', reason: 'the answer is empty' }

export function isEmpty({ answer }: JudgeItem): boolean {
  return answer.trim() === ''
}
