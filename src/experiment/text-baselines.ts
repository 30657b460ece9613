import { PersonascopeError } from '../errors/personascope-error.ts'
import { type Judge, type JudgeItem, type Judgement, scoreValue } from '../judge/judge.ts'
import { fitNgrams, ngramVectors } from '../numeric/ngrams.ts'
import { fitSparseRidge, predictSparseRidge } from '../numeric/sparse-ridge.ts'
import type { TextBaseline } from './experiment-rows.ts'
import type { Condition } from './plan-experiment.ts'

/** A prompt with the score its answer got: what a reader of prompts can learn from. */
export interface ScoredPrompt {
  readonly systemPrompt: string
  readonly questionText: string
  readonly score: number
}

/** Of the rows scaled to length 1; fixed beforehand. */
const penalty = 1

/** Fewer scored prompts teach nothing. */
const fewestPrompts = 20

/**
 * What the text of a prompt alone tells of the answer's score, without the model: the judge applied to system prompt
 * and question as if they were the answer, and ridge regression on their character n-grams, fitted on the answers the
 * vector was made from.
 * @throws what the judge throws, except JUDGE_FAILED
 */
export async function textBaselines(
  conditions: readonly Condition[],
  judge: Judge,
  trainingPrompts: readonly ScoredPrompt[],
  signal?: AbortSignal,
): Promise<TextBaseline[]> {
  const judged = await judgeTexts(conditions, judge, signal)
  const learned = ngramBaseline(conditions, trainingPrompts)
  return [
    ...(judged ? [{ name: 'judge on the prompt', values: judged }] : []),
    ...(learned ? [{ name: 'n-grams of the prompt', values: learned }] : []),
  ]
}

/** What the judge is shown of each prompt. */
export function promptsAsAnswers(conditions: readonly Condition[]): JudgeItem[] {
  return conditions.map(condition => ({ question: condition.questionText, answer: textOf(condition) }))
}

async function judgeTexts(
  conditions: readonly Condition[],
  judge: Judge,
  signal: AbortSignal | undefined,
): Promise<Float64Array | undefined> {
  let judgements: readonly Judgement[]
  try {
    const prompts = promptsAsAnswers(conditions)
    judge.announce?.(prompts)
    judgements = await judge.score(prompts, signal ? { signal } : {})
  } catch (error) {
    // A judge may make sense of answers and not of prompts: then there is no such baseline.
    if (PersonascopeError.is(error) && error.code === 'JUDGE_FAILED') return undefined
    throw error
  }
  const scores = judgements.map(({ expression }) => scoreValue(expression))
  return scores.every(score => score !== undefined) ? Float64Array.from(scores) : undefined
}

function ngramBaseline(conditions: readonly Condition[], prompts: readonly ScoredPrompt[]): Float64Array | undefined {
  if (prompts.length < fewestPrompts) return undefined
  const texts = prompts.map(textOf)
  const ngrams = fitNgrams(texts)
  const scores = prompts.map(({ score }) => score)
  const model = fitSparseRidge(ngramVectors(ngrams, texts), scores, penalty)
  return model && predictSparseRidge(model, ngramVectors(ngrams, conditions.map(textOf)))
}

function textOf({ systemPrompt, questionText }: Pick<Condition, 'systemPrompt' | 'questionText'>): string {
  return `${systemPrompt}\n${questionText}`
}
