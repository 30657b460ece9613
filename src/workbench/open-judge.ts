import { join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { EngineTransport } from '../judge/engine-transport.ts'
import type { Judge, JudgeEstimate } from '../judge/judge.ts'
import { JudgeBudget, type JudgeLimits } from '../judge/judge-budget.ts'
import { JudgeCache } from '../judge/judge-cache.ts'
import type { JudgeDrift } from '../judge/judge-drift.ts'
import type { JudgeTransport } from '../judge/judge-transport.ts'
import { createLexiconJudge } from '../judge/lexicon-judge.ts'
import { LlmJudge } from '../judge/llm-judge.ts'
import { OpenAiTransport } from '../judge/openai-transport.ts'
import { parseJudge } from '../judge/parse-judge.ts'
import { ServedJudge } from '../judge/served-judge.ts'
import type { Workspace } from '../store/workspace.ts'
import type { Trait } from '../trait/trait.ts'

export interface OpenJudgeOptions {
  readonly trait: Trait
  readonly workspace: Workspace
  /** The model in use; undefined where the judge is known to be another than `engine`. */
  readonly engine: Engine | undefined
  readonly limits?: JudgeLimits
  /** What this judge may spend together with others; default: one of its own with `limits`. */
  readonly budget?: JudgeBudget
  /** Calls in flight at a time, to a server. */
  readonly concurrency?: number
  /**
   * Hears whether a judge behind a server still judges as it did when it was first used; undefined where the budget
   * leaves no room for finding out. Absent: it is not looked into, and no call is spent on it.
   */
  readonly onDrift?: (drift: JudgeDrift | undefined) => void
  /** Hears what judging by a server will take, before anything is spent. */
  readonly onEstimate?: (estimate: JudgeEstimate) => void
}

/**
 * The judge of a trait. What language models answered is kept in the workspace, so that no call is made twice.
 * @param text as on the command line; absent: the lexicon judge, where the trait has one
 * @throws JUDGE_MISSING, JUDGE_SPEC_INVALID, OPTION_INVALID
 */
export async function openJudge(text: string | undefined, options: OpenJudgeOptions): Promise<Judge | 'none'> {
  assertJudge(text, options.trait)
  const spec = text === undefined ? ({ kind: 'lexicon' } as const) : parseJudge(text)
  switch (spec.kind) {
    case 'none':
      return 'none'
    case 'lexicon':
      return createLexiconJudge(options.trait.lexicon!)
    case 'engine':
      return await openLlmJudge(new EngineTransport(options.engine!), options)
    case 'openai': {
      const { concurrency } = options
      const { baseUrl, model } = spec
      const transport = new OpenAiTransport({ baseUrl, model, ...(concurrency !== undefined && { concurrency }) })
      const judge = await openLlmJudge(transport, options)
      const { onDrift, onEstimate } = options
      const directory = judgeFolder(options.workspace)
      return new ServedJudge(judge, { directory, ...(onDrift && { onDrift }), ...(onEstimate && { onEstimate }) })
    }
  }
}

/**
 * Says whether the judge can be opened before anything is done for it.
 * @throws JUDGE_MISSING where the trait has no lexicon judge and none other is named, JUDGE_SPEC_INVALID
 */
export function assertJudge(text: string | undefined, trait: Trait): void {
  const kind = text === undefined ? 'lexicon' : parseJudge(text).kind
  if (kind === 'lexicon' && !trait.lexicon) throw new PersonascopeError('JUDGE_MISSING', { trait: trait.name })
}

/**
 * The judge of an experiment, which cannot do without.
 * @throws EXPERIMENT_NEEDS_JUDGE where none would be there, what `assertJudge` throws
 */
export function assertExperimentJudge(text: string | undefined, trait: Trait): void {
  const isMissing = text === undefined ? !trait.lexicon : parseJudge(text).kind === 'none'
  if (isMissing) throw new PersonascopeError('EXPERIMENT_NEEDS_JUDGE', { trait: trait.name })
  assertJudge(text, trait)
}

async function openLlmJudge(
  transport: JudgeTransport,
  { trait, workspace, limits, budget }: OpenJudgeOptions,
): Promise<LlmJudge> {
  return new LlmJudge({
    transport,
    rubric: trait.rubric,
    cache: await JudgeCache.open(judgeFolder(workspace)),
    budget: budget ?? new JudgeBudget(transport.model, limits),
  })
}

function judgeFolder({ path }: Workspace): string {
  return join(path, 'judge')
}
