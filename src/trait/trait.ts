import { z } from 'zod'

const text = z.string().trim().min(1)
const questions = z.array(text).min(2)

/** The form of a trait file. docs/trait.md describes it; assets/trait.schema.json is made from it. */
export const traitSchema = z.strictObject({
  name: text.regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens, beginning with a letter'),
  description: text.describe('What an answer that shows the trait is like, in a sentence or two.'),
  contrastivePrompts: z
    .array(z.strictObject({ positive: text, negative: text }))
    .min(1)
    .describe('Pairs of system prompts: one evokes the trait, the other suppresses it. Five is usual.'),
  extractionQuestions: questions.describe(
    'Asked under every contrastive prompt; the vector is made from the answers. Twenty is usual.',
  ),
  evaluationQuestions: questions.describe(
    'Asked under every prompt of the ladder, to measure. None may be an extraction question. Twenty is usual.',
  ),
  rubric: text.describe(
    'What an LLM judge is asked about one answer: {question} and {answer} are filled in, one number 0..100 comes back.',
  ),
  lexicon: z
    .enum(['sentiment', 'negative-sentiment'])
    .optional()
    .describe('The word-list judge that measures this trait; left out where counting words does not measure it.'),
  ladder: z
    .array(
      z.strictObject({
        level: z.int().min(-10).max(10).describe('Below 0 suppresses the trait, 0 is neutral, above 0 evokes it.'),
        prompt: text,
      }),
    )
    .min(3)
    .describe('System prompts of graded strength, weakest first, for experiments. Seven, from -3 to 3, is usual.'),
  forecastQuestions: z
    .array(text)
    .optional()
    .describe('Asked to train a forecaster. None of them may be an evaluation question.'),
})

/** A character trait: what it is, how to evoke and suppress it, what to ask, how to judge it (paper, section 2.1). */
export type Trait = z.infer<typeof traitSchema>

/** A system prompt and how strongly it evokes the trait. */
export type LadderStep = Trait['ladder'][number]
