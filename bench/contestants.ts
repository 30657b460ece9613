import { join } from 'node:path'
import { locateLibrary } from '../src/engine/llama/native/locate-library.ts'
import type { ContenderCommand } from './contender.ts'
import { preparePythonEnvironment } from './reference/python-environment.ts'

/** One column of the comparison: which process does the work, and how. Several may share a process. */
export interface Contestant {
  readonly name: string
  readonly process: 'engine' | 'native' | 'bare' | 'float32' | 'bfloat16'
  readonly what: string
  /** Each request has its own steering. */
  readonly steered?: true
  /** Beside another process that wants a core. */
  readonly busy?: true
  /** The contestant it must beat for its speed to matter. */
  readonly alternativeTo?: string
}

/** In the order of their turns. */
export const contestants: readonly Contestant[] = [
  { name: 'engine', process: 'engine', what: 'the engine, default settings, all layers captured' },
  { name: 'bare', process: 'bare', what: 'the same loop on one 2-thread context, nothing captured' },
  { name: 'steered', process: 'engine', what: 'the engine, each request with its own steering', steered: true },
  { name: 'native', process: 'native', what: 'the engine, compiled for this CPU' },
  { name: 'float32', process: 'float32', what: 'transformers float32, second pass for the activations' },
  {
    name: 'bfloat16',
    process: 'bfloat16',
    what: 'transformers bfloat16, second pass for the activations',
    alternativeTo: 'float32',
  },
  { name: 'busy', process: 'engine', what: 'the engine beside another busy process', busy: true },
]

/** Whether the machine has a library compiled for it. */
export function hasNativeBuild(): boolean {
  return locateLibrary().origin === 'native'
}

export async function commandFor(
  process: Contestant['process'],
  jobPath: string,
  note: (text: string) => void,
): Promise<ContenderCommand> {
  const file = (name: string) => join(import.meta.dirname, name)
  const node = (name: string, environment: Record<string, string>) => ({
    name: process,
    program: globalThis.process.execPath,
    args: ['--no-warnings', file(name), jobPath],
    environment,
  })
  const prebuilt = { PERSONASCOPE_ENGINE: 'prebuilt' }
  if (process === 'engine') return node('engine-process.ts', prebuilt)
  if (process === 'native') return node('engine-process.ts', {})
  if (process === 'bare') return node('bare-loop-process.ts', prebuilt)
  const python = await preparePythonEnvironment(note)
  return { name: process, program: python, args: [file('reference/reference_process.py'), jobPath, process] }
}
