#!/usr/bin/env node
/** The command `personascope`: looks at Node before it loads what an old one cannot even read. */
try {
  await import('../errors/supported-node.ts')
} catch (error) {
  const { message, exitCode } = error as { message: string; exitCode?: number }
  process.stderr.write(`${message}\n`)
  process.exit(exitCode ?? 1)
}
await import('./main.ts')
