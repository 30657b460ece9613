/** The responses of OpenAI's completions, with Personascope's field. */
import { z } from 'zod'
import { personascopeResponseSchema } from './personascope-field.ts'

export const usageSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }),
})

const tokenLogprob = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(z.int()).nullable() })
export const choiceLogprobsSchema = z.object({
  content: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })),
  refusal: z.null(),
})
const finishReason = z.enum(['stop', 'length'])

export const chatCompletionSchema = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
      logprobs: choiceLogprobsSchema.nullable(),
      finish_reason: finishReason,
      personascope: personascopeResponseSchema.optional(),
    }),
  ),
  usage: usageSchema,
  personascope: personascopeResponseSchema.optional().describe('Of the first choice; each choice has its own too.'),
})

export const chatCompletionChunkSchema = z.object({
  id: z.string(),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: choiceLogprobsSchema.nullable(),
      finish_reason: finishReason.nullable(),
      personascope: personascopeResponseSchema.optional(),
    }),
  ),
  usage: usageSchema.nullish(),
  personascope: personascopeResponseSchema.optional(),
})

export const textCompletionSchema = z.object({
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      text: z.string(),
      logprobs: z
        .object({
          tokens: z.array(z.string()),
          token_logprobs: z.array(z.number()),
          top_logprobs: z.array(z.record(z.string(), z.number())),
          text_offset: z.array(z.int()),
        })
        .nullable(),
      finish_reason: finishReason.nullable(),
      personascope: personascopeResponseSchema.optional(),
    }),
  ),
  usage: usageSchema.nullish(),
  personascope: personascopeResponseSchema.optional(),
})

export const errorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})

export const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
})

export const modelListSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) })

export type Usage = z.infer<typeof usageSchema>
export type ChoiceLogprobs = z.infer<typeof choiceLogprobsSchema>
export type ChatCompletion = z.infer<typeof chatCompletionSchema>
export type ChatCompletionChunk = z.infer<typeof chatCompletionChunkSchema>
export type TextCompletion = z.infer<typeof textCompletionSchema>
export type ErrorBody = z.infer<typeof errorSchema>
