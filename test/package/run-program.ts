import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

export interface ProgramResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, with this Node first on the PATH and without what npm told the process above. */
export async function runProgram(program: string, args: readonly string[], cwd: string): Promise<ProgramResult> {
  const child = spawn(program, args, { cwd, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout, stderr }))
  })
}

/** `npm test` tells its children which package they belong to; a user's shell does not. */
function environment(): NodeJS.ProcessEnv {
  const ofNpm = /^(npm_(package|lifecycle|config_local_prefix)|INIT_CWD|NODE_ENV|VITEST)/i
  const own = Object.entries(process.env).filter(([name]) => !ofNpm.test(name))
  return { ...Object.fromEntries(own), PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` }
}
