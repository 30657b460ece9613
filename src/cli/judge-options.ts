import type { Command } from 'commander'
import type { Engine } from '../engine/contract/engine.ts'
import type { Judge } from '../judge/judge.ts'
import { JudgeBudget, type JudgeLimits } from '../judge/judge-budget.ts'
import type { JudgeDrift } from '../judge/judge-drift.ts'
import { parseJudge } from '../judge/parse-judge.ts'
import { readJsonFile } from '../store/json-file.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Trait } from '../trait/trait.ts'
import { openJudge } from '../workbench/open-judge.ts'
import { numberBetween, wholeNumber } from './option-values.ts'
import { describeJudging } from './show-estimate.ts'
import type { Terminal } from './terminal.ts'

/** The options of every command that has answers judged. */
export interface JudgeOptions {
  readonly judge?: string
  readonly judgeConcurrency?: number
  readonly maxJudgeCalls?: number
  readonly maxJudgeCost?: number
  readonly judgePrices?: string
  readonly judgeDriftCheck: boolean
}

export function addJudgeOptions(command: Command): Command {
  return addJudgeLimits(
    command.option(
      '--judge <judge>',
      'who scores the answers: URL#model, engine, lexicon, or none (default: the lexicon judge, where the trait has one)',
    ),
  )
}

/** What judges may do and spend, without who they are. */
export function addJudgeLimits(command: Command): Command {
  return command
    .option('--judge-concurrency <n>', 'calls to a judge in flight at a time', wholeNumber('--judge-concurrency', 1))
    .option('--max-judge-calls <n>', 'stop before more calls than this', wholeNumber('--max-judge-calls', 0))
    .option(
      '--max-judge-cost <amount>',
      'stop before calls cost more than this; needs --judge-prices',
      numberBetween('--max-judge-cost', 0, Number.POSITIVE_INFINITY),
    )
    .option(
      '--no-judge-drift-check',
      'do not compare a judge behind a server with the first time it was used (25 calls)',
    )
    .option(
      '--judge-prices <file>',
      'JSON: {"<model>": {"inputPerMillionTokens": 0.4, "outputPerMillionTokens": 1.6}, ...}',
    )
}

interface JudgeNeeds {
  readonly trait: Trait
  readonly workspace: Workspace
  readonly engine: Engine | undefined
  readonly terminal: Terminal
  /** Shared with other judges of the command. */
  readonly budget?: JudgeBudget | undefined
}

/** Opens the judge the command line names; one behind a server is checked for drift before it is asked anything new. */
export async function openJudgeFrom(
  options: JudgeOptions,
  { trait, workspace, engine, terminal, budget }: JudgeNeeds,
): Promise<Judge | 'none'> {
  const { judge, judgeConcurrency: concurrency, judgeDriftCheck } = options
  return await openJudge(judge, {
    trait,
    workspace,
    engine,
    limits: await limitsFrom(options),
    ...(budget && { budget }),
    ...(concurrency !== undefined && { concurrency }),
    ...(judgeDriftCheck && { onDrift: drift => terminal.note(describeDrift(drift)) }),
    onEstimate: estimate => terminal.note(`Judging takes ${describeJudging(estimate)}.`),
  })
}

/**
 * What all judges of a command may spend together, where several traits are judged by one server.
 * @returns undefined where no server judges
 * @throws OPTION_INVALID, JUDGE_SPEC_INVALID
 */
export async function sharedBudget(options: JudgeOptions): Promise<JudgeBudget | undefined> {
  const spec = options.judge === undefined ? undefined : parseJudge(options.judge)
  return spec?.kind === 'openai' ? new JudgeBudget(spec.model, await limitsFrom(options)) : undefined
}

function describeDrift(drift: JudgeDrift | undefined): string {
  if (!drift)
    return 'Whether the judge has changed is not checked: that may take a quarter of the judge budget at most.'
  if (drift.warning !== undefined) return `Warning: ${drift.warning}.`
  if (drift.status === 'first') return 'The judge scored fixed answers, to be compared with when it is used again.'
  const shift = drift.expressionShift?.toFixed(1) ?? '-'
  return `The judge scores fixed answers as on ${drift.since.slice(0, 10)} (mean difference ${shift} points).`
}

async function limitsFrom({ maxJudgeCalls, maxJudgeCost, judgePrices }: JudgeOptions): Promise<JudgeLimits> {
  const prices = judgePrices === undefined ? undefined : await readJsonFile<JudgeLimits['prices']>(judgePrices)
  return {
    ...(maxJudgeCalls !== undefined && { maxCalls: maxJudgeCalls }),
    ...(maxJudgeCost !== undefined && { maxCost: maxJudgeCost }),
    ...(prices && { prices }),
  }
}
