import type { WorkEstimate } from '../workbench/estimate-work.ts'
import { formatDuration } from './format.ts'
import type { Terminal } from './terminal.ts'

/** Prints what --dry-run found. */
export function showEstimate(terminal: Terminal, what: string, estimate: WorkEstimate): void {
  const { generations, judgeCalls, judgePromptTokens, judgeCost, promptTokens, writtenTokens, minutes } = estimate
  const judging =
    judgePromptTokens === undefined
      ? `${judgeCalls} judge calls`
      : `${judgeCalls} judge calls (about ${judgePromptTokens} tokens${judgeCost === undefined ? '' : `, at most ${judgeCost.toFixed(2)}`})`
  const time =
    minutes === undefined ? 'time unknown: this machine was not measured' : `about ${formatDuration(minutes * 60)}`
  terminal.print(
    `${what}: ${generations} generations, ${judging}, ${promptTokens} tokens to read, at most ${writtenTokens} to write; ${time}.`,
  )
  terminal.print('Nothing was run (--dry-run).')
  terminal.result(estimate)
}
