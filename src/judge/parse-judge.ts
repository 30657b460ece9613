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
  const invalid = (detail: string) => new PersonascopeError('JUDGE_SPEC_INVALID', { got: withoutKey(text), detail })
  const mark = spec.indexOf('#')
  const address = mark < 0 ? spec : spec.slice(0, mark)
  if (!/^https?:\/\//i.test(address)) throw invalid('')
  if (!URL.canParse(address)) throw invalid(' (the URL cannot be read)')
  const url = new URL(address)
  if (url.username || url.password)
    throw invalid(' (keys are read from PERSONASCOPE_JUDGE_KEY or OPENAI_API_KEY, not from the URL)')
  if (url.search) throw invalid(' (the URL must be without a query)')
  // A model's name may hold slashes and colons, and never needs escapes.
  const model = mark < 0 ? '' : spec.slice(mark + 1).trim()
  if (!model) throw invalid(' (the model is missing after the URL)')
  return { kind: 'openai', baseUrl: url.href.replace(/\/+$/, ''), model }
}

function withoutKey(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//')
}
