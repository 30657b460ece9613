import { spawn } from 'node:child_process'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../../src/cli/personascope.ts')

export interface CommandEnd {
  /** undefined where a signal ended it. */
  readonly code: number | undefined
  readonly stderr: string
  readonly durationMs: number
}

export interface Interruption {
  readonly afterMs: number
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'
}

/**
 * Runs `personascope` from the sources in a process group of its own, and sends the whole group a signal after a
 * while: what a terminal does on Ctrl-C.
 */
export async function runInterrupted(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
  interruption?: Interruption,
): Promise<CommandEnd> {
  const start = performance.now()
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    detached: true,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const timer = interruption && setTimeout(() => killGroup(child.pid!, interruption.signal), interruption.afterMs)
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { code: code ?? undefined, stderr, durationMs: performance.now() - start }
  } finally {
    clearTimeout(timer)
  }
}

function killGroup(processId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-processId, signal)
  } catch {
    // It has ended.
  }
}
