/** Every kind of problem `checkTrait` finds, and how bad it is. docs/trait.md explains each. */
export const traitProblemKinds = {
  'text-empty': 'error',
  'text-too-long': 'warning',
  'count-unusual': 'warning',
  'pair-same-text': 'error',
  'pair-duplicate': 'error',
  'pair-lopsided': 'warning',
  'question-duplicate': 'error',
  'question-near-duplicate': 'warning',
  'evaluation-question-extracted': 'error',
  'evaluation-question-forecast': 'error',
  'question-names-trait': 'error',
  'question-hints-trait': 'warning',
  'rubric-place-missing': 'error',
  'rubric-place-unknown': 'warning',
  'rubric-scale-missing': 'warning',
  'ladder-not-ascending': 'error',
  'ladder-no-neutral': 'error',
  'ladder-duplicate': 'error',
  'ladder-reuses-prompt': 'warning',
  'ladder-neutral-hints-trait': 'warning',
} as const satisfies Record<string, 'error' | 'warning'>

export type TraitProblemKind = keyof typeof traitProblemKinds

/** Something about a trait that makes what is measured with it wrong (an error) or weaker (a warning). */
export interface TraitProblem {
  readonly severity: 'error' | 'warning'
  readonly kind: TraitProblemKind
  /** The parts it is about, for example `evaluationQuestions[3]`, counted from 0. */
  readonly places: readonly string[]
  /** One sentence for a person; it counts from 1. */
  readonly message: string
}

export function traitProblem(kind: TraitProblemKind, places: readonly string[], message: string): TraitProblem {
  return { severity: traitProblemKinds[kind], kind, places, message }
}
