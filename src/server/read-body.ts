import type { Context } from 'hono'
import { ApiError } from './api-error.ts'

/**
 * The body of a request, as JSON.
 * @param mostBytes a longer one is not read to its end
 * @throws ApiError with status 400, 413 or 415
 */
export async function readBody(context: Context, mostBytes: number): Promise<unknown> {
  const type = context.req.header('content-type') ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiError(415, 'The content type must be application/json.', { code: 'unsupported_media_type' })
  }
  const text = await readText(context, mostBytes)
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError(400, 'The body is not JSON.', { code: 'invalid_json' })
  }
}

async function readText(context: Context, mostBytes: number): Promise<string> {
  const tooLarge = () => new ApiError(413, `A request may have ${mostBytes} bytes.`, { code: 'too_large' })
  const told = Number(context.req.header('content-length'))
  if (told > mostBytes) throw tooLarge()
  // HTTP sees to it that no more comes than was told.
  if (told > 0) return await context.req.text()
  const reader = context.req.raw.body?.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let chunk = await reader?.read(); chunk?.value; chunk = await reader?.read()) {
    bytes += chunk.value.length
    if (bytes > mostBytes) {
      await reader?.cancel()
      throw tooLarge()
    }
    chunks.push(chunk.value)
  }
  return Buffer.concat(chunks).toString('utf8')
}
