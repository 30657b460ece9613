import { existsSync, readdirSync } from 'node:fs'
import module from 'node:module'
import { arch, cpus, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { PersonascopeError } from '../../../errors/personascope-error.ts'
import { cacheDirectory } from '../../../store/cache-directory.ts'
import { sha256 } from '../../../store/hash.ts'
import { cpuFlags } from './cpu-flags.ts'
import { packageVersion, pinnedVersion } from './version.ts'

/** Where a llama.cpp comes from, and the folder it lies in. */
export interface LibraryLocation {
  readonly origin: 'native' | 'prebuilt'
  readonly directory: string
  /** Names this build on this CPU: measurements are remembered under it. */
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

/**
 * The llama.cpp to use: a build made for this CPU by `personascope engine build`, else the prebuilt one.
 * PERSONASCOPE_ENGINE=prebuilt passes a native build over.
 * @throws ENGINE_LIBRARY_MISSING
 */
export function locateLibrary(): LibraryLocation {
  const native = nativeBuildDirectory()
  if (process.env['PERSONASCOPE_ENGINE'] !== 'prebuilt' && existsSync(join(native, 'complete.json'))) {
    return { origin: 'native', directory: native, id: `native-${pinnedVersion}-${cpuId()}` }
  }
  return { origin: 'prebuilt', directory: prebuiltDirectory(), id: `prebuilt-${packageVersion}-${cpuId()}` }
}

/** Where a build for this CPU belongs. */
export function nativeBuildDirectory(): string {
  return cacheDirectory('engine', `llama.cpp-${pinnedVersion}-${cpuId()}`)
}

/** A short name for this machine's CPU model and core count. */
export function cpuId(): string {
  const models = cpus().map(cpu => cpu.model)
  return sha256(`${platform()} ${arch()} ${models.join(',')} ${cpuFlags()}`).slice(0, 12)
}

function prebuiltDirectory(): string {
  const target = `${platform()}-${arch()}`
  const packageName = packages[target]
  const missing = (looked: string) =>
    new PersonascopeError('ENGINE_LIBRARY_MISSING', {
      platform: target,
      looked,
      package: `${packageName ?? 'the @node-llama-cpp package of this platform'}@${packageVersion}`,
    })
  if (!packageName) throw missing('a package for it')
  try {
    const bins = join(dirname(module.findPackageJSON(packageName, import.meta.url)!), 'bins')
    const [build] = readdirSync(bins)
    return join(bins, build!)
  } catch (error) {
    throw Object.assign(missing(packageName), { cause: error })
  }
}
