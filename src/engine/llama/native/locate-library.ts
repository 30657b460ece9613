import { existsSync, readdirSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { arch, cpus, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { PersonascopeError } from '../../../errors/personascope-error.ts'
import { cacheDirectory } from '../../../store/cache-directory.ts'
import { sha256 } from '../../../store/hash.ts'
import { cpuFlags } from './cpu-flags.ts'
import { packageVersion, pinnedVersion } from './version.ts'

const origins = ['cuda', 'native', 'prebuilt'] as const

/** Where a llama.cpp comes from, and the folder it lies in. */
export interface LibraryLocation {
  readonly origin: (typeof origins)[number]
  readonly directory: string
  /** Names this build on this machine: measurements are remembered under it. */
  readonly id: string
}

/** npm packages with a prebuilt llama.cpp, by platform. Only linux-x64 has been tried. */
const packages: Readonly<Record<string, string>> = {
  'linux-x64': '@node-llama-cpp/linux-x64',
  'linux-arm64': '@node-llama-cpp/linux-arm64',
  'darwin-arm64': '@node-llama-cpp/mac-arm64-metal',
  'darwin-x64': '@node-llama-cpp/mac-x64',
  'win32-x64': '@node-llama-cpp/win-x64',
}

/** npm packages with a llama.cpp for NVIDIA GPUs. Personascope brings none: who has a GPU installs it beside. */
const cudaPackages: Readonly<Record<string, string>> = { 'linux-x64': '@node-llama-cpp/linux-x64-cuda' }

/** Is there where an NVIDIA driver is at work. */
const nvidiaControl = '/dev/nvidiactl'

/** What the NVIDIA driver says of each GPU, where it does. */
const nvidiaGpus = '/proc/driver/nvidia/gpus'

/**
 * The llama.cpp to use: a build made for this machine by `personascope engine build`, unless it is for the CPU alone where
 * there are an NVIDIA GPU and the package for it; then that one; else the prebuilt one for the CPU. The environment variable
 * PERSONASCOPE_ENGINE names one of them.
 * @throws ENGINE_LIBRARY_MISSING, OPTION_INVALID
 */
export function locateLibrary(): LibraryLocation {
  switch (wantedOrigin()) {
    case 'cuda':
      return cudaLibrary()
    case 'native':
      return nativeLibrary() ?? fail('a build for it by `personascope engine build`', packages[target()])
    case 'prebuilt':
      return prebuiltLibrary()
    default: {
      const native = nativeLibrary()
      if (native && findGpuBackend(native.directory)) return native
      return hasNvidiaGpu() && hasPackage(cudaPackages[target()]) ? cudaLibrary() : (native ?? prebuiltLibrary())
    }
  }
}

/** Where a build for this machine belongs. */
export function nativeBuildDirectory(): string {
  return cacheDirectory('engine', `llama.cpp-${pinnedVersion}-${machineId()}`)
}

/** The path of the file with which a llama.cpp computes on NVIDIA GPUs; undefined where it is for CPUs alone. */
export function findGpuBackend(directory: string): string | undefined {
  const file = readdirSync(directory).find(name => /^(lib)?ggml-cuda\.(so|dll)$/.test(name))
  return file && join(directory, file)
}

/** Whether an NVIDIA GPU and its driver are at work here. */
export function hasNvidiaGpu(): boolean {
  return existsSync(nvidiaControl)
}

/** A short name for this machine's CPU model and core count. */
export function cpuId(): string {
  const models = cpus().map(cpu => cpu.model)
  return sha256(`${platform()} ${arch()} ${models.join(',')} ${cpuFlags()}`).slice(0, 12)
}

/** The package with the library for NVIDIA GPUs, where the machine has one and the package is not installed. */
export function missingCudaPackage(): string | undefined {
  const name = cudaPackages[target()]
  return name && hasNvidiaGpu() && !hasPackage(name) ? `${name}@${packageVersion}` : undefined
}

function wantedOrigin(): LibraryLocation['origin'] | undefined {
  const wanted = process.env['PERSONASCOPE_ENGINE'] || undefined
  if (wanted === undefined || isOrigin(wanted)) return wanted
  throw new PersonascopeError('OPTION_INVALID', {
    option: 'PERSONASCOPE_ENGINE',
    expected: origins.join(', '),
    got: wanted,
  })
}

function isOrigin(name: string): name is LibraryLocation['origin'] {
  return (origins as readonly string[]).includes(name)
}

function cudaLibrary(): LibraryLocation {
  return { origin: 'cuda', directory: packageDirectory(cudaPackages), id: `cuda-${packageVersion}-${machineId()}` }
}

function nativeLibrary(): LibraryLocation | undefined {
  const directory = nativeBuildDirectory()
  if (!existsSync(join(directory, 'complete.json'))) return undefined
  return { origin: 'native', directory, id: `native-${pinnedVersion}-${machineId()}` }
}

function prebuiltLibrary(): LibraryLocation {
  return { origin: 'prebuilt', directory: packageDirectory(packages), id: `prebuilt-${packageVersion}-${cpuId()}` }
}

/** A short name for this machine's GPUs and its CPU; where there is no GPU, the name of the CPU. */
function machineId(): string {
  try {
    // Without the identifiers of the single card, which another of its kind does not share.
    const models = readdirSync(nvidiaGpus).map(gpu =>
      /^Model:.*$/m.exec(readFileSync(join(nvidiaGpus, gpu, 'information'), 'utf8')),
    )
    return sha256(`${models.join(',')} ${cpuId()}`).slice(0, 12)
  } catch {
    return cpuId()
  }
}

function packageDirectory(choice: Readonly<Record<string, string>>): string {
  const name = choice[target()]
  if (!name) fail('a package for it', undefined)
  try {
    const bins = join(dirname(module.findPackageJSON(name, import.meta.url)!), 'bins')
    const [build] = readdirSync(bins)
    return join(bins, build!)
  } catch (error) {
    fail(name, name, error)
  }
}

function hasPackage(name: string | undefined): boolean {
  if (!name) return false
  try {
    return module.findPackageJSON(name, import.meta.url) !== undefined
  } catch {
    return false
  }
}

function target(): string {
  return `${platform()}-${arch()}`
}

function fail(looked: string, name: string | undefined, cause?: unknown): never {
  const facts = {
    platform: target(),
    looked,
    package: `${name ?? 'the @node-llama-cpp package of this platform'}@${packageVersion}`,
  }
  throw new PersonascopeError('ENGINE_LIBRARY_MISSING', facts, { cause })
}
