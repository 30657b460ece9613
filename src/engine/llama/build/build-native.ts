import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PersonascopeError, textOf } from '../../../errors/personascope-error.ts'
import { cacheDirectory } from '../../../store/cache-directory.ts'
import { writeJsonFile } from '../../../store/json-file.ts'
import { hasNvidiaGpu, nativeBuildDirectory } from '../native/locate-library.ts'
import { pinnedVersion, sourcePackage } from '../native/version.ts'
import { runNativeTask } from '../process/run-native-task.ts'

export type BuildStep = 'check tools' | 'fetch sources' | 'unpack' | 'patch' | 'configure' | 'compile' | 'check library'

export interface BuildOptions {
  /** Hears each step, and while compiling how far it is, 0 to 1. */
  readonly onProgress?: (step: BuildStep, fraction: number | undefined) => void
  readonly signal?: AbortSignal
}

/** What a finished build says of itself. */
export interface NativeBuild {
  readonly directory: string
  readonly systemInfo: string
}

/** The instruction sets of this very CPU; nothing but the library. */
const configuration = [
  '-DCMAKE_BUILD_TYPE=Release',
  '-DGGML_NATIVE=ON',
  '-DBUILD_SHARED_LIBS=ON',
  '-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON',
  '-DCMAKE_INSTALL_RPATH=$ORIGIN',
  '-DLLAMA_BUILD_COMMON=OFF',
  '-DLLAMA_BUILD_TESTS=OFF',
  '-DLLAMA_BUILD_TOOLS=OFF',
  '-DLLAMA_BUILD_EXAMPLES=OFF',
  '-DLLAMA_BUILD_SERVER=OFF',
  '-DLLAMA_CURL=OFF',
]

/** Where CUDA's compiler lies if it is not on the path. */
const usualCudaCompiler = '/usr/local/cuda/bin/nvcc'

/**
 * Compiles the pinned llama.cpp for this CPU, and for its NVIDIA GPU where CUDA's compiler is installed, with
 * Personascope's patches, and puts it where the loader looks first.
 * The sources come with an npm package, so nothing but the package registry is needed. Works in a folder of its own
 * and moves the result into place when it has loaded and its layout is right; a failure changes nothing.
 * @throws ENGINE_BUILD_FAILED, ENGINE_ABORTED, DISK_FULL
 */
export async function buildNative({ onProgress = () => {}, signal }: BuildOptions = {}): Promise<NativeBuild> {
  await mkdir(cacheDirectory('engine'), { recursive: true })
  const work = await mkdtemp(cacheDirectory('engine', 'build-'))
  try {
    const sources = join(work, 'sources')
    const step = async (name: BuildStep, run: (name: BuildStep) => Promise<void>) => {
      onProgress(name, undefined)
      await run(name)
    }
    await step('check tools', name => checkTools(name, signal))
    await step('fetch sources', name =>
      execute(name, 'npm', ['pack', sourcePackage, '--silent'], { cwd: work, signal }),
    )
    await step('unpack', name => unpack(name, work, sources, signal))
    await step('patch', name => applyPatches(name, sources, signal))
    await step('configure', async name =>
      execute(name, 'cmake', ['-B', 'out', ...configuration, ...(await gpuConfiguration())], { cwd: sources, signal }),
    )
    await step('compile', name =>
      execute(name, 'cmake', ['--build', 'out', '--target', 'llama', '-j', String(availableParallelism())], {
        cwd: sources,
        signal,
        onLine: line => onProgress(name, fractionOf(line)),
      }),
    )
    onProgress('check library', undefined)
    return await install(join(sources, 'out', 'bin'), work)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Removes the build for this CPU; the prebuilt library is used again. */
export async function removeNativeBuild(): Promise<void> {
  await rm(nativeBuildDirectory(), { recursive: true, force: true })
}

/** The patches that are applied to the pinned sources, in order. */
export async function patches(): Promise<string[]> {
  const directory = fileURLToPath(new URL('../../../../assets/llama.cpp-patches/', import.meta.url))
  const files = await readdir(directory).catch(() => [])
  return files
    .filter(file => file.endsWith('.patch'))
    .sort()
    .map(file => join(directory, file))
}

async function checkTools(step: BuildStep, signal: AbortSignal | undefined): Promise<void> {
  for (const tool of ['npm', 'tar', 'git', 'cmake', 'c++']) await execute(step, tool, ['--version'], { signal })
}

async function gpuConfiguration(): Promise<string[]> {
  if (!hasNvidiaGpu()) return []
  for (const compiler of ['nvcc', usualCudaCompiler]) {
    const found = await execute('check tools', compiler, ['--version'], { signal: undefined }).then(
      () => true,
      () => false,
    )
    if (found) return ['-DGGML_CUDA=ON', `-DCMAKE_CUDA_COMPILER=${compiler}`]
  }
  return []
}

async function unpack(step: BuildStep, work: string, sources: string, signal: AbortSignal | undefined): Promise<void> {
  const archive = (await readdir(work)).find(file => file.endsWith('.tgz'))
  if (!archive) throw failed(step, `npm pack ${sourcePackage} left no archive`)
  await execute(step, 'tar', ['-xzf', archive, 'package/llama/gitRelease.bundle'], { cwd: work, signal })
  await execute(step, 'git', ['clone', '--quiet', join(work, 'package/llama/gitRelease.bundle'), sources], { signal })
}

async function applyPatches(step: BuildStep, sources: string, signal: AbortSignal | undefined): Promise<void> {
  for (const patch of await patches()) await execute(step, 'git', ['apply', patch], { cwd: sources, signal })
}

/** Copies the libraries, loads them once, and only then gives them the name the loader looks for. */
async function install(bin: string, work: string): Promise<NativeBuild> {
  const prepared = join(work, 'library')
  await mkdir(prepared)
  for (const file of await readdir(bin)) {
    if (/\.(so|dylib|dll)(\.|$)/.test(file)) await cp(join(bin, file), join(prepared, file), { verbatimSymlinks: true })
  }
  const { systemInfo } = await inspect(prepared)
  await writeJsonFile(join(prepared, 'complete.json'), {
    version: pinnedVersion,
    systemInfo,
    date: new Date().toISOString(),
  })
  const directory = nativeBuildDirectory()
  await removeNativeBuild()
  await mkdir(dirname(directory), { recursive: true })
  await rename(prepared, directory)
  return { directory, systemInfo }
}

async function inspect(directory: string): Promise<{ systemInfo: string }> {
  try {
    const result = await runNativeTask({ kind: 'inspect-library', libraryDirectory: directory })
    if ('systemInfo' in result) return result
    throw failed('check library', 'it did not answer')
  } catch (error) {
    throw failed('check library', textOf(error))
  }
}

interface ExecuteOptions {
  readonly cwd?: string
  readonly signal: AbortSignal | undefined
  readonly onLine?: (line: string) => void
}

function execute(step: BuildStep, command: string, args: readonly string[], options: ExecuteOptions): Promise<void> {
  const { cwd, signal, onLine = () => {} } = options
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(cwd && { cwd }),
      ...(signal && { signal }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let tail = ''
    const hear = (text: string) => {
      tail = (tail + text).slice(-4000)
      for (const line of text.split('\n')) onLine(line)
    }
    child.stdout.setEncoding('utf8').on('data', hear)
    child.stderr.setEncoding('utf8').on('data', hear)
    child.once('error', error => {
      if (signal?.aborted) return reject(new PersonascopeError('ENGINE_ABORTED'))
      reject(failed(step, 'code' in error && error.code === 'ENOENT' ? `${command} is not installed` : error.message))
    })
    child.once('close', code => {
      if (code === 0) resolve()
      else if (/No space left on device/.test(tail))
        reject(new PersonascopeError('DISK_FULL', { path: cacheDirectory('engine') }))
      else reject(failed(step, tellingLine(tail) || `${command} ended with code ${code}`))
    })
  })
}

function tellingLine(output: string): string {
  const lines = output.split('\n').map(line => line.trim())
  return (lines.find(line => /error/i.test(line)) ?? lines.findLast(line => line !== '') ?? '').slice(0, 200)
}

/** What "[ 52%] Building ..." says. */
function fractionOf(line: string): number | undefined {
  const percent = line.match(/^\[\s*(\d+)%\]/)?.[1]
  return percent === undefined ? undefined : Number(percent) / 100
}

function failed(step: BuildStep, detail: string): PersonascopeError {
  return new PersonascopeError('ENGINE_BUILD_FAILED', { step, detail })
}
