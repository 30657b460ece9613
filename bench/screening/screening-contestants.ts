import { join } from 'node:path'
import type { ContenderCommand } from '../contender.ts'
import { preparePythonEnvironment } from '../reference/python-environment.ts'

/** One column of the comparison: a process of its own. */
export interface ScreeningContestant {
  readonly name: string
  readonly what: string
  readonly program: 'screen' | 'bare' | 'reference'
  /** With the library compiled for this CPU. */
  readonly native?: boolean
  /** `screen --fast`. */
  readonly fast?: true
  /** The contestant it must beat for its speed to matter. */
  readonly alternativeTo?: string
}

/** In the order of their turns. */
export const screeningContestants: readonly ScreeningContestant[] = [
  { name: 'screen', program: 'screen', what: 'screen, prebuilt library' },
  { name: 'screen-native', program: 'screen', what: 'screen, compiled for this CPU', native: true },
  { name: 'bare', program: 'bare', what: 'full prefill, nothing captured' },
  { name: 'bare-native', program: 'bare', what: 'full prefill, compiled for this CPU', native: true },
  { name: 'bfloat16', program: 'reference', what: 'transformers bfloat16, row by row' },
  { name: 'float32', program: 'reference', what: 'transformers float32, row by row', alternativeTo: 'bfloat16' },
]

/** On a dataset large enough for a cascade. */
export const fastContestants: readonly ScreeningContestant[] = [
  screeningContestants[0]!,
  { name: 'fast', program: 'screen', what: 'screen --fast, prebuilt library', fast: true },
  screeningContestants[1]!,
  { name: 'fast-native', program: 'screen', what: 'screen --fast, compiled for this CPU', native: true, fast: true },
]

export async function commandOf(
  { name, program, native = false }: ScreeningContestant,
  jobPath: string,
  note: (text: string) => void,
): Promise<ContenderCommand> {
  if (program === 'reference') {
    const python = await preparePythonEnvironment(note)
    const script = join(import.meta.dirname, '../reference/screening_process.py')
    return { name, program: python, args: [script, jobPath, name] }
  }
  const script = program === 'screen' ? 'screen-process.ts' : 'bare-prefill-process.ts'
  return {
    name,
    program: process.execPath,
    args: ['--no-warnings', join(import.meta.dirname, script), jobPath],
    environment: { PERSONASCOPE_ENGINE: native ? 'native' : 'prebuilt' },
  }
}
