import type { ExperimentProgress } from '../experiment/run-experiment.ts'
import type { ExtractProgress } from '../workbench/extract-vector.ts'
import { PhasedProgress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** What each phase of long work is called while it goes on. */
const phaseNames = {
  ask: 'Asking under contrastive prompts',
  judge: 'Judging',
  steer: 'Steering',
  read: 'Reading prompts',
  converse: 'Answering',
  reread: 'Reading steered answers again',
} as const

/** Shows a progress line for each phase of an extraction or an experiment. */
export function showPhases(terminal: Terminal, indent = ''): (progress: ExtractProgress | ExperimentProgress) => void {
  const progress = new PhasedProgress(terminal)
  return ({ phase, done, total }) =>
    progress.show(`${indent}${phaseNames[phase]}`, done, total, phase === 'read' ? 'prompts' : 'answers')
}
