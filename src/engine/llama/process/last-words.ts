/**
 * The line that most likely tells why: what CUDA says of its error, else the last one that speaks of an error or an
 * assertion, else the last one. Frames of a backtrace name functions like `ggml_abort` and tell nothing.
 */
export function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.length > 0 && !/\[0x[0-9a-f]+\]$/.test(line))
  const telling =
    lines.findLast(line => /CUDA error: ./.test(line)) ??
    lines.findLast(line => /error|assert|failed|invalid|abort|terminate|what\(\)/i.test(line))
  return (telling ?? lines.at(-1) ?? '').slice(0, 300)
}
