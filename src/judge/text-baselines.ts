import { PersonascopeError } from '../errors/personascope-error.ts'
import { fitNgrams, ngramVectors } from '../numeric/ngrams.ts'
import { fitSparseRidge, predictSparseRidge } from '../numeric/sparse-ridge.ts'
import { type Judge, type JudgeItem, type Judgement, scoreValue } from './judge.ts'

/** A prompt as a reader sees it. */
export interface PromptText {
  readonly systemPrompt: string
  readonly questionText: string
}

/** A prompt with the score its answer got: what a reader of prompts can learn from. */
export interface ScoredPrompt extends PromptText {
  readonly score: number
}

/** What the text of the prompts alone tells of the scores: one value for each prompt. */
export interface TextBaseline {
  readonly name: string
  readonly values: Float64Array
}

/** Of the rows scaled to length 1; fixed beforehand. */
const penalty = 1

/** Fewer scored prompts teach nothing. */
const fewestPrompts = 20

/**
 * What the text of a prompt alone tells of the answer's score, without the model: the judge applied to system prompt
 * and question as if they were the answer, to the question by itself, and ridge regression on the character n-grams of
 * both, fitted on scored answers to other prompts. The question by itself, because beside a system prompt that says much
 * a judge hardly hears it, and inside one system prompt it is all that differs.
 * @throws what the judge throws, except JUDGE_FAILED
 */
export async function textBaselines(
  prompts: readonly PromptText[],
  judge: Judge | undefined,
  trainingPrompts: readonly ScoredPrompt[],
  signal?: AbortSignal,
): Promise<TextBaseline[]> {
  const judgedPrompts = judge && (await judgeTexts(promptsAsAnswers(prompts), judge, signal))
  const questions = questionsAsAnswers(prompts)
  const byQuestion = judge && (await judgeTexts(questions, judge, signal))
  const placeOf = new Map(questions.map(({ question }, place) => [question, place]))
  const judgedQuestions = byQuestion && Float64Array.from(prompts, of => byQuestion[placeOf.get(of.questionText)!]!)
  const learned = ngramBaseline(prompts, trainingPrompts)
  return [
    ...(judgedPrompts ? [{ name: 'judge on the prompt', values: judgedPrompts }] : []),
    ...(judgedQuestions ? [{ name: 'judge on the question', values: judgedQuestions }] : []),
    ...(learned ? [{ name: 'n-grams of the prompt', values: learned }] : []),
  ]
}

/** All that the judge is shown of the prompts. */
export function textsToJudge(prompts: readonly PromptText[]): JudgeItem[] {
  return [...promptsAsAnswers(prompts), ...questionsAsAnswers(prompts)]
}

function promptsAsAnswers(prompts: readonly PromptText[]): JudgeItem[] {
  return prompts.map(prompt => ({ question: prompt.questionText, answer: textOf(prompt) }))
}

/** Every question once. */
function questionsAsAnswers(prompts: readonly PromptText[]): JudgeItem[] {
  const questions = new Set(prompts.map(({ questionText }) => questionText))
  return Array.from(questions, question => ({ question, answer: question }))
}

async function judgeTexts(
  items: readonly JudgeItem[],
  judge: Judge,
  signal: AbortSignal | undefined,
): Promise<Float64Array | undefined> {
  let judgements: readonly Judgement[]
  try {
    judge.announce?.(items)
    judgements = await judge.score(items, signal ? { signal } : {})
  } catch (error) {
    // A judge may make sense of answers and not of prompts: then there is no such baseline.
    if (PersonascopeError.is(error) && error.code === 'JUDGE_FAILED') return undefined
    throw error
  }
  const scores = judgements.map(({ expression }) => scoreValue(expression))
  return scores.every(score => score !== undefined) ? Float64Array.from(scores) : undefined
}

function ngramBaseline(
  prompts: readonly PromptText[],
  trainingPrompts: readonly ScoredPrompt[],
): Float64Array | undefined {
  if (trainingPrompts.length < fewestPrompts) return undefined
  const texts = trainingPrompts.map(textOf)
  const ngrams = fitNgrams(texts)
  const scores = trainingPrompts.map(({ score }) => score)
  const model = fitSparseRidge(ngramVectors(ngrams, texts), scores, penalty)
  return model && predictSparseRidge(model, ngramVectors(ngrams, prompts.map(textOf)))
}

function textOf({ systemPrompt, questionText }: PromptText): string {
  return `${systemPrompt}\n${questionText}`
}
