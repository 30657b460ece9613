import type { JudgeEstimate } from '../judge/judge.ts'
import type { WorkEstimate } from '../workbench/estimate-work.ts'
import { formatDuration } from './format.ts'
import type { Terminal } from './terminal.ts'

/** Prints what --dry-run found. */
export function showEstimate(terminal: Terminal, what: string, estimate: WorkEstimate): void {
  const { generations, judgeCalls, judgePromptTokens, judgeCost, promptTokens, writtenTokens, minutes } = estimate
  const judging = describeJudging({
    calls: judgeCalls,
    ...(judgePromptTokens !== undefined && { promptTokens: judgePromptTokens }),
    ...(judgeCost !== undefined && { cost: judgeCost }),
  })
  const time =
    minutes === undefined ? 'time unknown: this machine was not measured' : `about ${formatDuration(minutes * 60)}`
  terminal.print(
    `${what}: ${generations} generations, ${judging}, ${promptTokens} tokens to read, at most ${writtenTokens} to write; ${time}.`,
  )
  terminal.print('Nothing was run (--dry-run).')
  terminal.result(estimate)
}

/** For example "400 judge calls (about 61000 tokens, at most 0.12)". */
export function describeJudging({ calls, promptTokens, cost }: JudgeEstimate): string {
  if (promptTokens === undefined) return `${calls} judge calls`
  return `${calls} judge calls (about ${promptTokens} tokens${cost === undefined ? '' : `, at most ${cost.toFixed(2)}`})`
}
