import type { Command } from 'commander'
import type { Engine } from '../engine/contract/engine.ts'
import type { Judge } from '../judge/judge.ts'
import type { JudgeLimits } from '../judge/judge-budget.ts'
import { readJsonFile } from '../store/json-file.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Trait } from '../trait/trait.ts'
import { openJudge } from '../workbench/open-judge.ts'
import { numberBetween, wholeNumber } from './option-values.ts'

/** The options of every command that has answers judged. */
export interface JudgeOptions {
  readonly judge?: string
  readonly judgeConcurrency?: number
  readonly maxJudgeCalls?: number
  readonly maxJudgeCost?: number
  readonly judgePrices?: string
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
      '--judge-prices <file>',
      'JSON: {"<model>": {"inputPerMillionTokens": 0.4, "outputPerMillionTokens": 1.6}, ...}',
    )
}

/** Opens the judge the command line names. */
export async function openJudgeFrom(
  options: JudgeOptions,
  {
    trait,
    workspace,
    engine,
  }: { readonly trait: Trait; readonly workspace: Workspace; readonly engine: Engine | undefined },
): Promise<Judge | 'none'> {
  const { judge, judgeConcurrency: concurrency } = options
  return await openJudge(judge, {
    trait,
    workspace,
    engine,
    limits: await limitsFrom(options),
    ...(concurrency !== undefined && { concurrency }),
  })
}

async function limitsFrom({ maxJudgeCalls, maxJudgeCost, judgePrices }: JudgeOptions): Promise<JudgeLimits> {
  const prices = judgePrices === undefined ? undefined : await readJsonFile<JudgeLimits['prices']>(judgePrices)
  return {
    ...(maxJudgeCalls !== undefined && { maxCalls: maxJudgeCalls }),
    ...(maxJudgeCost !== undefined && { maxCost: maxJudgeCost }),
    ...(prices && { prices }),
  }
}
