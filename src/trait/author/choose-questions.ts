import { checkQuestions } from '../check-questions.ts'
import type { Trait } from '../trait.ts'

export interface ChosenQuestions {
  readonly accepted: readonly string[]
  /** With the reason. */
  readonly refused: readonly { readonly question: string; readonly reason: string }[]
}

/**
 * Leaves out questions that bring up the trait and questions that are nearly an earlier one: between the two sets they
 * are split into, and within each.
 * @param draft the trait without questions
 */
export function chooseQuestions(draft: Trait, candidates: readonly string[]): ChosenQuestions {
  const problems = checkQuestions({ ...draft, extractionQuestions: [...candidates], evaluationQuestions: [] })
  const accepted = new Set<number>()
  const refused: { question: string; reason: string }[] = []
  for (const [index, question] of candidates.entries()) {
    const reason = problems.find(({ places: [own, other] }) => {
      if (own !== placeOf(index)) return false
      // Nearly the same as one that was left out itself is no fault.
      return other === undefined || [...accepted].some(earlier => placeOf(earlier) === other)
    })
    if (reason) refused.push({ question, reason: reason.message })
    else accepted.add(index)
  }
  return { accepted: [...accepted].map(index => candidates[index]!), refused }
}

function placeOf(index: number): string {
  return `extractionQuestions[${index}]`
}

/** Halves that are alike: every other question, in an order that keeps areas together. */
export function splitQuestions(
  questions: readonly string[],
): Pick<Trait, 'extractionQuestions' | 'evaluationQuestions'> {
  return {
    extractionQuestions: questions.filter((_, index) => index % 2 === 0),
    evaluationQuestions: questions.filter((_, index) => index % 2 === 1),
  }
}
