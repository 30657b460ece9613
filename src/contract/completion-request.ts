/** The requests of OpenAI's chat and text completions, as far as they can be done here. */
import { z } from 'zod'
import { personascopeRequestSchema } from './personascope-field.ts'

const textPart = z.object({ type: z.literal('text'), text: z.string() })

export const chatMessageSchema = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(textPart).min(1)]),
  name: z.string().optional(),
  // Clients send back messages as they came.
  refusal: z.null().optional(),
  audio: z.null().optional(),
  function_call: z.null().optional(),
  tool_calls: z.array(z.unknown()).max(0).nullish(),
  annotations: z.array(z.unknown()).nullish(),
})

const stopSchema = z.union([z.string().min(1), z.array(z.string().min(1)).max(4)]).nullish()

/** Asked of both kinds of completion. */
const common = {
  model: z.string().max(1000),
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  n: z.int().min(1).max(16).nullish(),
  stop: stopSchema,
  seed: z.int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .object({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
    .nullish(),
  user: z.string().nullish(),
  // Understood where they ask for nothing.
  frequency_penalty: z.literal(0).nullish(),
  presence_penalty: z.literal(0).nullish(),
  logit_bias: z.strictObject({}).nullish(),
  personascope: personascopeRequestSchema.optional(),
}

const responseFormatSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: z.string(),
      description: z.string().optional(),
      schema: z.record(z.string(), z.unknown()),
      strict: z.boolean().nullish(),
    }),
  }),
])

export const chatCompletionRequestSchema = z.strictObject({
  ...common,
  messages: z.array(chatMessageSchema).min(1),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: responseFormatSchema.optional(),
  store: z.literal(false).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  service_tier: z.enum(['auto', 'default']).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  tools: z.array(z.unknown()).max(0).nullish(),
  tool_choice: z.literal(['none', 'auto']).nullish(),
  modalities: z.array(z.literal('text')).nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
})

const tokens = z.array(z.int().min(0)).min(1)

export const textCompletionRequestSchema = z.strictObject({
  ...common,
  prompt: z.union([z.string(), z.array(z.string()).min(1).max(16), tokens, z.array(tokens).min(1).max(16)]),
  logprobs: z.int().min(0).max(5).nullish(),
  echo: z.literal(false).nullish(),
  best_of: z.literal(1).nullish(),
  suffix: z.literal('').nullish(),
})

/** Parameters of OpenAI's API that ask for something this server does not do. */
export const unsupportedParameters: ReadonlySet<string> = new Set([
  'audio',
  'function_call',
  'functions',
  'moderation',
  'prediction',
  'prompt_cache_retention',
  'reasoning_effort',
  'verbosity',
  'web_search_options',
])

/** Parameters that are understood where they ask for nothing. */
export const unsupportedValues: ReadonlySet<string> = new Set([
  'best_of',
  'echo',
  'frequency_penalty',
  'logit_bias',
  'modalities',
  'parallel_tool_calls',
  'presence_penalty',
  'service_tier',
  'store',
  'suffix',
  'tool_choice',
  'tools',
])

export type ChatCompletionRequest = z.infer<typeof chatCompletionRequestSchema>
export type TextCompletionRequest = z.infer<typeof textCompletionRequestSchema>
