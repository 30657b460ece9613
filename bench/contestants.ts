import { join } from 'node:path'
import { findGpuBackend, locateLibrary } from '../src/engine/llama/native/locate-library.ts'
import type { ContenderCommand } from './contender.ts'
import { preparePythonEnvironment } from './reference/python-environment.ts'

/** In the order they are started: engines first, because they know which weights are used. */
export const contestantProcesses = [
  'native',
  'engine',
  'served',
  'monitored',
  'forecasting',
  'bare',
  'float32',
  'bfloat16',
  'gpu',
  'gpu-float32',
  'gpu-bfloat16',
] as const

export type ContestantProcess = (typeof contestantProcesses)[number]

/** One column of the comparison: which process does the work, and how. Several may share a process. */
export interface Contestant {
  readonly name: string
  readonly process: ContestantProcess
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
  { name: 'gpu', process: 'gpu', what: 'the engine on the GPU' },
  { name: 'gpu-steered', process: 'gpu', what: 'the same, each request with its own steering', steered: true },
  { name: 'gpu-float32', process: 'gpu-float32', what: 'transformers float32 on the GPU, second pass' },
  { name: 'gpu-bfloat16', process: 'gpu-bfloat16', what: 'transformers bfloat16 on the GPU, second pass' },
  { name: 'busy', process: 'engine', what: 'the engine beside another busy process', busy: true },
]

/** The server, and what it is measured against: the same work side by side. */
export const servingContestants: readonly Contestant[] = [
  { name: 'bare', process: 'bare', what: 'the loop on one 2-thread context, 16 at a time' },
  { name: 'served', process: 'served', what: 'the server, 16 clients that stream, nothing read' },
  { name: 'monitored', process: 'monitored', what: 'the same, three traits read in every answer' },
  { name: 'forecasting', process: 'forecasting', what: 'the same, and forecast by three forecasters' },
  {
    name: 'served-steered',
    process: 'served',
    what: 'nothing read, each request with its own steering',
    steered: true,
  },
]

/** The contestants this machine can be measured with: not all have a library compiled for them, or a GPU. */
export function contestantsHere(): Contestant[] {
  const { origin, directory } = locateLibrary()
  const onGpu = findGpuBackend(directory) !== undefined
  return contestants.filter(({ process }) => {
    if (process === 'native') return origin === 'native' && !onGpu
    return onGpu || !process.startsWith('gpu')
  })
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
  if (process === 'native') return node('engine-process.ts', { PERSONASCOPE_ENGINE: 'native' })
  if (process === 'gpu') return node('engine-process.ts', {})
  if (process === 'served' || process === 'monitored' || process === 'forecasting') {
    const command = node('server-process.ts', prebuilt)
    return { ...command, args: [...command.args, process] }
  }
  if (process === 'bare') return node('bare-loop-process.ts', prebuilt)
  const python = await preparePythonEnvironment(note)
  const device = process.startsWith('gpu-') ? 'cuda' : 'cpu'
  const dtype = process.replace('gpu-', '')
  return { name: process, program: python, args: [file('reference/reference_process.py'), jobPath, dtype, device] }
}
