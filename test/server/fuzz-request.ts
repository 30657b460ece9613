import type { Random } from '../../src/numeric/random.ts'

const values = [null, 1, -1, 1e308, '', 'x', [], {}, [[]], { a: 1 }, true, 'a'.repeat(5000), '\0', '__proto__']
const names = ['personascope', 'stop', 'n', 'temperature', 'stream', 'response_format', 'logprobs', 'seed', 'x']

/** The text of a request of which two fields are something else, and of which one in five is cut off. */
export function fuzzRequest(asked: Readonly<Record<string, unknown>>, random: Random): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!
  const body: Record<string, unknown> = { ...asked }
  for (let change = 0; change < 2; change++) body[pick([...Object.keys(asked), ...names])] = pick(values)
  // Null asks for the longest answer there may be, which is nothing to fuzz and takes minutes.
  if (body['max_completion_tokens'] === null) body['max_completion_tokens'] = 1
  const text = JSON.stringify(body)
  return random.next() < 0.2 ? text.slice(0, Math.floor(random.next() * text.length)) : text
}
