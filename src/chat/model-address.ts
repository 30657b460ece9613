/** A model behind an OpenAI-compatible server. */
export interface ModelAddress {
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly model: string
}

/**
 * Reads `<URL>#<model>`, for example `http://127.0.0.1:8000/v1#qwen2.5-7b`.
 * @param keys where keys are read from, for who puts one into the URL
 * @returns the address, or what is wrong as a clause in brackets; it may be empty, where the text is no URL at all
 */
export function readModelAddress(text: string, keys: string): ModelAddress | { readonly fault: string } {
  const mark = text.indexOf('#')
  const address = (mark < 0 ? text : text.slice(0, mark)).trim()
  if (!/^https?:\/\//i.test(address)) return { fault: '' }
  if (!URL.canParse(address)) return { fault: ' (the URL cannot be read)' }
  const url = new URL(address)
  if (url.username || url.password) return { fault: ` (keys are read from ${keys}, not from the URL)` }
  if (url.search) return { fault: ' (the URL must be without a query)' }
  // A model's name may hold slashes and colons, and never needs escapes.
  const model = mark < 0 ? '' : text.slice(mark + 1).trim()
  if (!model) return { fault: ' (the model is missing after the URL)' }
  return { baseUrl: url.href.replace(/\/+$/, ''), model }
}

/** The text without a name and password in its URL. */
export function withoutKey(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//')
}
