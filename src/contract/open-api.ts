import { z } from 'zod'
import { chatCompletionRequestSchema, textCompletionRequestSchema } from './completion-request.ts'
import {
  chatCompletionChunkSchema,
  chatCompletionSchema,
  errorSchema,
  modelListSchema,
  modelSchema,
  textCompletionSchema,
} from './completion-response.ts'

/** The server's OpenAPI 3.1 document, made from the schemas that check its requests. */
export function openApiDocument(version: string) {
  return {
    openapi: '3.1.0',
    info: { title: 'Personascope', version, description: "OpenAI's API, with steering and readings." },
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    security: [{ key: [] }, {}],
    paths: {
      '/v1/chat/completions': {
        post: {
          operationId: 'createChatCompletion',
          parameters: [headerParameter],
          requestBody: json(chatCompletionRequestSchema, 'input'),
          responses: answers(chatCompletionSchema, chatCompletionChunkSchema),
        },
      },
      '/v1/completions': {
        post: {
          operationId: 'createCompletion',
          parameters: [headerParameter],
          requestBody: json(textCompletionRequestSchema, 'input'),
          responses: answers(textCompletionSchema, textCompletionSchema),
        },
      },
      '/v1/models': {
        get: { operationId: 'listModels', responses: { 200: { description: 'ok', ...json(modelListSchema) } } },
      },
      '/v1/models/{id}': {
        get: {
          operationId: 'retrieveModel',
          parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
          responses: { 200: { description: 'ok', ...json(modelSchema) }, default: error },
        },
      },
      '/health': { get: { operationId: 'health', security: [], responses: { 200: { description: 'alive' } } } },
      '/ready': {
        get: {
          operationId: 'ready',
          security: [],
          responses: { 200: { description: 'takes requests' }, 503: { description: 'does not, for now' } },
        },
      },
      '/metrics': {
        get: { operationId: 'metrics', responses: { 200: { description: 'in the format of Prometheus' } } },
      },
    },
  }
}

const error = { description: 'An error.', ...json(errorSchema) }

const headerParameter = {
  name: 'x-personascope',
  in: 'header',
  required: false,
  description: 'The field `personascope` as JSON, for clients that cannot add one.',
  schema: { type: 'string' },
}

function json(schema: z.ZodType, io: 'input' | 'output' = 'output') {
  return { content: { 'application/json': { schema: z.toJSONSchema(schema, { io }) } } }
}

function answers(whole: z.ZodType, chunk: z.ZodType) {
  return {
    200: {
      description: 'The answer, whole or as server-sent events.',
      content: { ...json(whole).content, 'text/event-stream': { schema: z.toJSONSchema(chunk) } },
    },
    default: error,
  }
}
