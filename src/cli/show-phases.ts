import type { ExperimentProgress } from '../experiment/run-experiment.ts'
import type { ExtractProgress } from '../workbench/extract-vector.ts'
import type { TrainProgress } from '../workbench/train-forecaster.ts'
import { PhasedProgress } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** What each phase of long work is called while it goes on. */
const phaseNames = {
  ask: 'Asking under contrastive prompts',
  judge: 'Judging',
  steer: 'Steering',
  'ask-ordinary': 'Asking for ordinary answers',
  'read-again': 'Reading answers as rows are read',
  read: 'Reading prompts',
  converse: 'Answering',
  reread: 'Reading steered answers again',
  answer: 'Answering everyday questions',
  learn: 'Learning',
} as const

const units: Partial<Record<keyof typeof phaseNames, string>> = { read: 'prompts', learn: 'layers' }

/** Shows a progress line for each phase of an extraction, an experiment or a training. */
export function showPhases(
  terminal: Terminal,
  indent = '',
): (progress: ExtractProgress | ExperimentProgress | TrainProgress) => void {
  const progress = new PhasedProgress(terminal)
  return ({ phase, done, total }) =>
    progress.show(`${indent}${phaseNames[phase]}`, done, total, units[phase] ?? 'answers')
}
