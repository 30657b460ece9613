import { type ModelAddress, readModelAddress, withoutKey } from '../../chat/model-address.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'

/** Which author is wanted: the model in use itself, or one behind an OpenAI-compatible server. */
export type AuthorSpec = { readonly kind: 'engine' } | ({ readonly kind: 'server' } & ModelAddress)

/**
 * Reads which author is wanted: `engine`, or `<URL>#<model>`, for example `http://127.0.0.1:8000/v1#qwen2.5-72b`.
 * @throws AUTHOR_SPEC_INVALID
 */
export function parseAuthor(text: string): AuthorSpec {
  const spec = text.trim()
  if (spec === 'engine') return { kind: 'engine' }
  const address = readModelAddress(spec, 'PERSONASCOPE_AUTHOR_KEY or OPENAI_API_KEY')
  if ('fault' in address)
    throw new PersonascopeError('AUTHOR_SPEC_INVALID', { got: withoutKey(text), detail: address.fault })
  return { kind: 'server', ...address }
}
