import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../../src/cli/main.ts')

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Gets the running process, to interrupt it. */
  readonly onStart?: (child: ChildProcess) => void
}

/** Runs `personascope` from the sources, as a user's shell would. */
export async function runCommand(
  args: readonly string[],
  { cwd, env, onStart = () => {} }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [main, ...args], {
    ...(cwd && { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onStart(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return await new Promise(resolve => child.once('close', code => resolve({ code, stdout, stderr })))
}

/** The lines of standard error that are no progress. */
export function errorLines({ stderr }: CommandResult): string[] {
  const progress = /^(Measuring|Converting|Downloading|Unpacking|Verifying|Asking)|^[a-z ]+ \.\.\.$/
  return stderr.split('\n').filter(line => line.trim() !== '' && !progress.test(line))
}
