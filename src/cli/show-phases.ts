import type { ExperimentProgress } from '../experiment/run-experiment.ts'
import type { ExtractProgress } from '../workbench/extract-vector.ts'
import { Progress } from './progress.ts'
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
  let current: { readonly phase: keyof typeof phaseNames; readonly shown: Progress } | undefined
  return ({ phase, done, total }) => {
    if (current?.phase !== phase) current = { phase, shown: new Progress(terminal) }
    const unit = phase === 'read' ? 'prompts' : 'answers'
    current.shown.show(`${indent}${phaseNames[phase]}`, done, total, (count, of) =>
      of === undefined ? `${count.toFixed(1)} ${unit}` : `${count} of ${of} ${unit}`,
    )
  }
}
