/** The one field Personascope adds to OpenAI's requests and responses. */
import { z } from 'zod'

/** A name of a trait or a vector; never a path. */
const nameSchema = z.string().min(1).max(200)

const amounts = z.number().min(-1e6).max(1e6)

/** One change of the residual stream, by name. */
export const steerSchema = z.strictObject({
  trait: nameSchema.optional().describe('The trait whose vector acts; this or `vector`.'),
  vector: nameSchema.optional().describe('The vector that acts; this or `trait`.'),
  mode: z.enum(['add', 'ablate', 'cap']).default('add'),
  coefficient: amounts.optional().describe('For `add`: h + coefficient * v; this or `dose`.'),
  dose: amounts.optional().describe('For `add`: |c.v| over the median length of response tokens; carries a sign.'),
  cap: amounts.optional().describe('For `cap`: the highest projection h.v/|v| that is let through.'),
  layer: z.int().min(0).max(10_000).optional().describe("Default: the vector's own layer."),
  positions: z.enum(['all', 'prompt', 'response']).default('all'),
  when: z
    .strictObject({ trait: nameSchema, above: amounts })
    .optional()
    .describe("Steering starts at the first token whose projection on this trait's vector exceeds `above`."),
})

/** What a client may ask of Personascope, in the body's `personascope` or the header `x-personascope`. */
export const personascopeRequestSchema = z.strictObject({
  steer: z.array(steerSchema).max(16).default([]),
  read: z.array(nameSchema).max(64).optional().describe('The traits to read; absent: all that are watched.'),
  readings: z.enum(['summary', 'tokens']).default('summary'),
})

/** What a trait's probe said of one answer. Projections are h.v/|v|. */
export const traitReadingSchema = z.object({
  layer: z.int(),
  promptLast: z.number().nullable(),
  responseMean: z.number().nullable(),
  z: z
    .number()
    .nullable()
    .describe('`responseMean` among ordinary answers, in standard deviations; null without a baseline.'),
  percentile: z.number().nullable().describe('0..100, `responseMean` among ordinary answers; null without a baseline.'),
  tokens: z.array(z.number()).optional().describe('One projection for each response token.'),
})

/** What score to expect of an answer, told from its prompt alone. */
export const forecastSchema = z.object({
  method: z
    .enum(['forecaster', 'calibration'])
    .describe('A readout trained to tell scores, or a line from the projection on the persona vector.'),
  expectedScore: z.number(),
  expectedLow: z.number().nullable(),
  expectedHigh: z
    .number()
    .nullable()
    .describe('`expectedLow`..`expectedHigh` holds 90 % of mean scores of many answers; null where that is not known.'),
  low: z.number(),
  high: z.number().describe('`low`..`high` holds 90 % of single answers.'),
  inRange: z.boolean().describe('Whether the prompt is like those it was learned from.'),
  conditionalOn: z.object({ judge: z.string(), temperature: z.number(), maxTokens: z.int(), layer: z.int() }),
})

export const steeringReportSchema = z.object({
  vector: z.string(),
  mode: z.enum(['add', 'ablate', 'cap']),
  layer: z.int(),
  positions: z.enum(['all', 'prompt', 'response']),
  coefficient: z.number().optional(),
  dose: z.number().optional(),
  cap: z.number().optional(),
  steeredPositions: z.int(),
  conditionFired: z.boolean().optional(),
  firedAtPosition: z.int().optional(),
})

export const personascopeResponseSchema = z.object({
  readings: z.record(z.string(), traitReadingSchema).optional(),
  forecast: z.record(z.string(), forecastSchema).optional(),
  steering: z.array(steeringReportSchema).optional(),
})

export type SteerWish = z.infer<typeof steerSchema>
export type PersonascopeRequest = z.infer<typeof personascopeRequestSchema>
export type TraitReading = z.infer<typeof traitReadingSchema>
export type TraitForecast = z.infer<typeof forecastSchema>
export type SteeringNote = z.infer<typeof steeringReportSchema>
export type PersonascopeResponse = z.infer<typeof personascopeResponseSchema>
