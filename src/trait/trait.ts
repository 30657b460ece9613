import { z } from 'zod'

const text = z.string().trim().min(1)

/** The form of a trait file. docs/trait.md describes it; assets/trait.schema.json is made from it. */
export const traitSchema = z.strictObject({
  name: text.regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens, beginning with a letter'),
  description: text,
  contrastivePrompts: z
    .array(z.strictObject({ positive: text, negative: text }))
    .min(1)
    .describe('Pairs of system prompts: one evokes the trait, the other suppresses it.'),
  extractionQuestions: z
    .array(text)
    .min(1)
    .describe('Asked under every contrastive prompt; the vector is made from the answers.'),
})

/** A character trait: what it is, how to evoke and suppress it, and what to ask (paper, section 2.1). */
export type Trait = z.infer<typeof traitSchema>
