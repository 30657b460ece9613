import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import koffi, { type LibraryHandle } from 'koffi'
import { PersonascopeError, textOf } from '../../../errors/personascope-error.ts'
import { findLayoutFault } from './layout-check.ts'
import { findGpuBackend } from './locate-library.ts'
import type { Pointer } from './structs.ts'
import { type LibraryName, type NativeFunctions, symbols } from './symbols.ts'

/** The type of `ggml_backend_sched_eval_callback`. */
const evalCallback = koffi.proto('bool personascope_eval_callback(void *t, bool ask, void *user_data)')

/** Called for each graph node: with `ask` whether it is wanted, then with its computed tensor; false ends the pass. */
export type EvalCallback = (tensor: Pointer, ask: boolean) => boolean

/** A loaded llama.cpp, its layout checked. */
export interface NativeLibrary extends NativeFunctions {
  readonly directory: string
}

/**
 * Loads llama.cpp from a folder and checks that its structs are laid out as this version expects.
 * Loading again in another thread binds the same library.
 * @throws ENGINE_LIBRARY_MISMATCH
 */
export function loadLibrary(directory: string): NativeLibrary {
  try {
    const handles = openLibraries(directory)
    const functions = Object.fromEntries(
      Object.entries(symbols).map(([name, { library, prototype }]) => [name, handles[library].func(prototype)]),
    ) as unknown as NativeFunctions
    const wrong = findLayoutFault(functions)
    if (wrong) throw mismatch(directory, wrong.field, wrong.expected, wrong.got)
    return { ...functions, directory }
  } catch (error) {
    if (PersonascopeError.is(error)) throw error
    throw mismatch(directory, 'a loadable library', 'one', textOf(error))
  }
}

/**
 * Prepares llama.cpp to compute. Once a process, on its main thread.
 * @throws ENGINE_GPU_UNUSABLE for a library made for a GPU that finds none: it would go on by CPU without a word
 */
export function startBackends(library: NativeLibrary): void {
  // A prebuilt library has the CPU code apart, in variants, and picks one; a native build has it linked in.
  if (!library.backendRegistry('CPU')) library.loadBackends(library.directory)
  library.initialize()
  const gpuBackend = findGpuBackend(library.directory)
  if (gpuBackend && gpusOf(library).length === 0) {
    throw new PersonascopeError('ENGINE_GPU_UNUSABLE', { detail: whyUnusable(gpuBackend) })
  }
}

/** What the GPUs are called that llama.cpp computes on. */
export function gpusOf(library: NativeLibrary): string[] {
  const devices = Array.from({ length: Number(library.deviceCount()) }, (_, index) => library.device(index))
  return devices.filter(device => library.deviceType(device) === gpuDevice).map(library.deviceDescription)
}

/** ggml's `GGML_BACKEND_DEVICE_TYPE_GPU`. */
const gpuDevice = 1

/** ggml skips a backend it cannot load; loading it once more says why. */
function whyUnusable(path: string): string {
  try {
    koffi.load(path)
    return 'no GPU answers'
  } catch (error) {
    return textOf(error)
  }
}

/** Registers a callback for `cb_eval`; to be called on the thread that decodes. */
export function registerEvalCallback(callback: EvalCallback): Pointer {
  return koffi.register(callback, koffi.pointer(evalCallback))
}

export function unregisterEvalCallback(callback: Pointer): void {
  koffi.unregister(callback)
}

/** Native memory as an array buffer, without a copy. Valid as long as the memory is. */
export function viewMemory(pointer: Pointer, byteLength: number): ArrayBuffer {
  return koffi.view(pointer, byteLength)
}

/** The address of a typed array's memory. The array must be kept alive by the caller. */
export function addressOf(array: NodeJS.TypedArray): Pointer {
  return koffi.address(array)
}

function openLibraries(directory: string): Record<LibraryName, LibraryHandle> {
  // Symbols are global because the CPU backends, loaded by ggml itself, look for them there.
  const open = (name: LibraryName) => koffi.load(join(directory, fileOf(directory, name)), { global: true })
  return { 'ggml-base': open('ggml-base'), ggml: open('ggml'), llama: open('llama') }
}

/** The file of a library, whatever version its name carries: libllama.so, libllama.cuda.v0.5.0.so, libllama.dylib, llama.dll. */
function fileOf(directory: string, name: LibraryName): string {
  const pattern = new RegExp(`^(lib)?${name}(\\.cuda)?(\\.v[0-9.]+)?\\.(so|dylib|dll)$`)
  const found = readdirSync(directory).find(file => pattern.test(file))
  if (!found) throw mismatch(directory, `file of ${name}`, `lib${name}.so`, 'none')
  return found
}

function mismatch(path: string, field: string, expected: string, got: string): PersonascopeError {
  return new PersonascopeError('ENGINE_LIBRARY_MISMATCH', { path, field, expected, got })
}
