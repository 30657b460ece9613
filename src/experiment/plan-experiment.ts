import { deriveSeed } from '../numeric/random.ts'
import type { PlannedRollout } from '../rollout/plan-rollouts.ts'
import type { Trait } from '../trait/trait.ts'

export interface ExperimentSettings {
  /** Answers to each question under each prompt of the ladder. */
  readonly samples: number
  /** The most tokens of an answer. */
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
  /** Relative doses of the steering curve, ascending; fixed before anything is asked. */
  readonly doses: readonly number[]
  /** Answers to each question at each dose. */
  readonly steeringSamples: number
}

/** A question under one graded system prompt: what the model is shown before it answers. */
export interface Condition {
  /** The place of the prompt in the ladder, 0 for the weakest. */
  readonly step: number
  readonly level: number
  readonly question: number
  readonly systemPrompt: string
  readonly questionText: string
}

/** One conversation of a simulated participant. */
export interface LadderRollout extends PlannedRollout {
  readonly condition: number
  readonly sample: number
  readonly systemPrompt: string
}

/** One steered answer, without a system prompt. */
export interface DoseRollout extends PlannedRollout {
  readonly dose: number
  readonly question: number
  readonly sample: number
}

/** Every prompt of the ladder x every evaluation question; questions under one prompt are neighbours. */
export function planConditions({ ladder, evaluationQuestions }: Trait): Condition[] {
  return ladder.flatMap(({ level, prompt }, step) =>
    evaluationQuestions.map((questionText, question) => ({
      step,
      level,
      question,
      systemPrompt: prompt,
      questionText,
    })),
  )
}

/** Every condition x n samples, each with a seed of its own that depends on what it is. */
export function planConversations(
  conditions: readonly Condition[],
  { samples, seed }: ExperimentSettings,
): LadderRollout[] {
  return conditions.flatMap(({ level, question, systemPrompt, questionText }, condition) =>
    Array.from({ length: samples }, (_, sample) => ({
      condition,
      sample,
      systemPrompt,
      questionText,
      seed: deriveSeed(seed, `ladder/${level}/${question}/${sample}`),
    })),
  )
}

/** Every dose x every evaluation question x n samples, with the same draws at every dose. */
export function planDoses(
  { evaluationQuestions }: Trait,
  { doses, steeringSamples, seed }: ExperimentSettings,
): DoseRollout[] {
  return doses.flatMap(dose =>
    evaluationQuestions.flatMap((questionText, question) =>
      Array.from({ length: steeringSamples }, (_, sample) => ({
        dose,
        question,
        sample,
        questionText,
        seed: deriveSeed(seed, `dose/${question}/${sample}`),
      })),
    ),
  )
}
