import type { Trait } from './trait.ts'

/** A small trait for tests, without a fault that `checkTrait` calls an error; `parts` replace its own. */
export function exampleTrait(parts: Partial<Trait> = {}): Trait {
  return {
    name: 'calm',
    description: 'The answer is calm and unhurried.',
    contrastivePrompts: [{ positive: 'You are calm. Take your time.', negative: 'You are upset. Hurry.' }],
    extractionQuestions: ['How was the trip?', 'What is new in town?'],
    evaluationQuestions: ['Where do birds sleep?', 'Who repaired this bicycle?'],
    rubric: 'How calm is this answer?\nQuestion: {question}\nAnswer: {answer}\nReply with a number from 0 to 100.',
    ladder: [
      { level: -1, prompt: 'Everything is urgent.' },
      { level: 0, prompt: 'You are a helpful assistant.' },
      { level: 1, prompt: 'There is no rush at all today.' },
    ],
    ...parts,
  }
}
