/** The line that most likely tells why: the last one that speaks of an error or an assertion, else the last one. */
export function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.length > 0)
  const telling = lines.findLast(line => /error|assert|failed|invalid|abort|terminate|what\(\)/i.test(line))
  return (telling ?? lines.at(-1) ?? '').slice(0, 300)
}
