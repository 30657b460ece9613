import { checkTrait } from '../check-trait.ts'
import type { LadderStep, Trait } from '../trait.ts'
import type { AuthorProblem } from './author-desk.ts'

/** The middle of every ladder, the same for all traits, so that they compare. */
export const neutralStep: LadderStep = { level: 0, prompt: 'You are a helpful assistant.' }

/** A trait of which parts are not written yet. */
export function draftTrait(parts: Partial<Trait> & Pick<Trait, 'name'>): Trait {
  return {
    description: '',
    contrastivePrompts: [],
    extractionQuestions: [],
    evaluationQuestions: [],
    rubric: '',
    ladder: [neutralStep],
    ...parts,
  }
}

/** What the checks of traits say of one part of a draft, other than about what cannot be changed or is still to come. */
export function draftProblems(draft: Trait, part: keyof Trait): AuthorProblem[] {
  return checkTrait(draft)
    .filter(({ kind }) => kind !== 'count-unusual' && kind !== 'ladder-neutral-hints-trait')
    .filter(({ places }) => places[0]!.startsWith(part))
}
