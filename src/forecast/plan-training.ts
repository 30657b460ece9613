import { createRandom, deriveSeed } from '../numeric/random.ts'
import { shuffle } from '../numeric/shuffle.ts'
import type { PlannedRollout } from '../rollout/plan-rollouts.ts'

export interface TrainingSettings {
  /** How many answers are asked for. */
  readonly answers: number
  /** The most tokens of an answer. */
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
}

/** One answer to learn from. */
export interface TrainingRollout extends PlannedRollout {
  /** Index into the system prompts. */
  readonly prompt: number
  /** Index into the questions. */
  readonly question: number
  /** 0 for the first answer to a pair. */
  readonly sample: number
  readonly systemPrompt: string
}

/** The share of the answers that are second ones to a pair: they tell how noisy one answer is. */
const shareAskedTwice = 0.1

/**
 * Pairs of a system prompt and a question, drawn so that every question comes equally often (or once more) and always
 * under other prompts; a tenth of them is asked twice. More answers than pairs: further answers to the same ones.
 * Answers under one prompt are neighbours, so that the prompt is read once. Each has a seed of its own that depends on
 * what it is, not on its place.
 */
export function planTraining(
  systemPrompts: readonly string[],
  questions: readonly string[],
  { answers, seed }: Pick<TrainingSettings, 'answers' | 'seed'>,
): TrainingRollout[] {
  const random = createRandom(deriveSeed(seed, 'forecast/pairs'))
  const order = shuffle(
    questions.map((_, question) => question),
    random,
  )
  const promptsOf = questions.map(() =>
    shuffle(
      systemPrompts.map((_, prompt) => prompt),
      random,
    ),
  )
  const pairs = systemPrompts.length * questions.length
  const again = Math.round(answers * shareAskedTwice)
  const firsts = Math.min(answers - again, pairs)
  const planned = Array.from({ length: answers }, (_, index): TrainingRollout => {
    // First answers to as many pairs as there may be, then further ones to the same pairs from the beginning.
    const place = index < firsts ? index : (index - firsts) % firsts
    const sample = index < firsts ? 0 : 1 + Math.floor((index - firsts) / firsts)
    const question = order[place % order.length]!
    const prompt = promptsOf[question]![Math.floor(place / order.length)]!
    return {
      prompt,
      question,
      sample,
      systemPrompt: systemPrompts[prompt]!,
      questionText: questions[question]!,
      seed: deriveSeed(seed, `forecast/${prompt}/${question}/${sample}`),
    }
  })
  return planned.sort((a, b) => a.prompt - b.prompt || a.question - b.question || a.sample - b.sample)
}
