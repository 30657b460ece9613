import { readModelAddress, withoutKey } from '../chat/model-address.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'

/** Which judge is wanted. */
export type JudgeSpec =
  | { readonly kind: 'none' }
  | { readonly kind: 'lexicon' }
  | { readonly kind: 'engine' }
  | { readonly kind: 'openai'; readonly baseUrl: string; readonly model: string }

/**
 * Reads which judge is wanted: `none`; `lexicon`, the word list the trait names; `engine`, the model in use itself;
 * `<URL>#<model>`, a model behind an OpenAI-compatible server, for example `http://127.0.0.1:8000/v1#qwen2.5-7b`.
 * @throws JUDGE_SPEC_INVALID
 */
export function parseJudge(text: string): JudgeSpec {
  const spec = text.trim()
  if (spec === 'none' || spec === 'lexicon' || spec === 'engine') return { kind: spec }
  const address = readModelAddress(spec, 'PERSONASCOPE_JUDGE_KEY or OPENAI_API_KEY')
  if ('fault' in address)
    throw new PersonascopeError('JUDGE_SPEC_INVALID', { got: withoutKey(text), detail: address.fault })
  return { kind: 'openai', ...address }
}
