import { z } from 'zod'
import type { ErrorBody } from '../contract/completion-response.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'

/** An error as OpenAI's API tells it. */
export class ApiError extends Error {
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly code: string | null
  /** Whole seconds. */
  readonly retryAfter: number | undefined

  constructor(
    status: number,
    message: string,
    facts: { readonly param?: string | null; readonly code?: string | null; readonly retryAfter?: number } = {},
  ) {
    super(message)
    this.status = status
    this.type = typeOf(status)
    this.param = facts.param ?? null
    this.code = facts.code ?? null
    this.retryAfter = facts.retryAfter
  }

  /**
   * Any thrown value as an API error. What a client cannot know or change is not told: no path of this machine, no
   * fault's own words.
   */
  static from(value: unknown): ApiError {
    if (value instanceof ApiError) return value
    if (!PersonascopeError.is(value)) return new ApiError(500, 'The server met a fault of its own.')
    const { code, message, entry } = value
    if (code === 'PROMPT_TOO_LONG')
      return new ApiError(400, message, { param: 'messages', code: 'context_length_exceeded' })
    if (code === 'ENGINE_CRASHED' || code === 'ENGINE_CLOSED')
      return new ApiError(503, 'The model is being started again; send the request again.', { code, retryAfter: 1 })
    if (code === 'SCHEMA_UNSUPPORTED') return new ApiError(400, message, { param: 'response_format', code })
    if (code === 'ENGINE_ABORTED') return new ApiError(499, message, { code })
    if (entry.httpStatus === 400 && !code.startsWith('FILE_')) return new ApiError(400, message, { code })
    return new ApiError(Math.max(500, entry.httpStatus), 'The server met a fault of its own.', {
      code,
    })
  }

  body(): ErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } }
  }

  response(): Response {
    const headers = this.retryAfter === undefined ? {} : { 'retry-after': String(this.retryAfter) }
    return Response.json(this.body(), { status: this.status, headers })
  }
}

/** Parameters of OpenAI's API that nothing here does, and those of which nothing is done but what asks for nothing. */
export interface Unsupported {
  readonly parameters: ReadonlySet<string>
  readonly values: ReadonlySet<string>
}

const none: Unsupported = { parameters: new Set(), values: new Set() }

/**
 * A request's body as a schema has it.
 * @throws ApiError with status 400, naming the parameter
 */
export function parseRequest<T>(schema: z.ZodType<T>, value: unknown, unsupported: Unsupported = none): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const param = [...path, issue.keys[0]!].join('.')
    if (unsupported.parameters.has(param)) throw unsupportedParameter(param)
    throw new ApiError(400, `Unknown parameter: '${shown(param)}'.`, { param, code: 'unknown_parameter' })
  }
  if (unsupported.values.has(path[0] ?? '')) throw unsupportedParameter(path[0]!)
  const param = path.join('.') || null
  const missing = issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined
  const message = missing
    ? `Missing required parameter: '${shown(param ?? 'body')}'.`
    : `Invalid value for '${shown(param ?? 'body')}': ${z.prettifyError(result.error).split('\n')[0]!.replace(/^✖ /, '')}.`
  throw new ApiError(400, message, { param, code: missing ? 'missing_required_parameter' : 'invalid_value' })
}

/** What a parameter asks for is not done here. */
function unsupportedParameter(param: string): ApiError {
  return new ApiError(400, `Unsupported parameter: '${param}' is not supported by this server.`, {
    param,
    code: 'unsupported_parameter',
  })
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value
  for (const key of path) found = (found as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return found
}

/** A name out of a request, short enough to be repeated. */
function shown(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}...` : name
}
