import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What an environment holds, and where it lies. */
interface PythonEnvironment {
  /** The path of a requirements file. */
  readonly requirements: string
  readonly directory: string
}

const ofReference: PythonEnvironment = {
  requirements: join(import.meta.dirname, 'requirements.txt'),
  directory: join(import.meta.dirname, '..', '.venv'),
}

/**
 * A Python with what is required, made where there is none or another one: some gigabytes, minutes.
 * @returns the path of the Python to run
 */
export async function preparePythonEnvironment(
  note: (text: string) => void,
  { requirements, directory } = ofReference,
): Promise<string> {
  const python = join(directory, 'bin', 'python')
  const stamp = join(directory, '.installed-for')
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python
  note(`Making a Python environment in ${directory} (several gigabytes, once) ...`)
  await run('python3', ['-m', 'venv', directory])
  await run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements])
  writeFileSync(stamp, wanted)
  return python
}

function run(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('close', code => (code === 0 ? resolve() : reject(new Error(`${program} ended with code ${code}`))))
  })
}
