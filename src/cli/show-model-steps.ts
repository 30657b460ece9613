import type { PullProgress } from '../model/pull-progress.ts'
import type { ModelStep } from '../workbench/open-model.ts'
import { formatBytes } from './format.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

const phases = {
  wait: 'Waiting, another process pulls the same model',
  download: 'Downloading',
  extract: 'Unpacking',
  verify: 'Verifying',
} as const

/** Shows what getting a model ready does while it does it. */
export function showModelSteps(terminal: Terminal): (step: ModelStep) => void {
  const showProgress = showPull(terminal)
  return step => {
    switch (step.type) {
      case 'convert':
        return terminal.note(`Converting the weights to ${step.format} ...`)
      case 'measure':
        return terminal.note(`Measuring this machine, once: ${step.what} ...`)
      case 'pull':
        return showProgress(step.progress)
    }
  }
}

/** Shows how far a download is. */
export function showPull(terminal: Terminal): (progress: PullProgress) => void {
  let progress: { readonly name: string; readonly shown: Progress } | undefined
  return ({ phase, source, doneBytes, totalBytes }) => {
    const name = `${phases[phase]} from ${source}`
    if (progress?.name !== name) progress = { name, shown: new Progress(terminal) }
    progress.shown.show(name, doneBytes, totalBytes, (done, total) =>
      total === undefined ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`,
    )
  }
}
