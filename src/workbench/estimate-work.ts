import type { Engine } from '../engine/contract/engine.ts'
import { locateLibrary } from '../engine/llama/native/locate-library.ts'
import { recallContexts } from '../engine/llama/tuning/machine-notes.ts'
import type { Judge, JudgeItem } from '../judge/judge.ts'
import type { PlannedRollout } from '../rollout/plan-rollouts.ts'
import { promptOf } from '../rollout/run-rollouts.ts'

/** What a piece of work would take, before anything is done. */
export interface WorkEstimate {
  readonly generations: number
  readonly judgeCalls: number
  /** The judge's prompts together; undefined where it makes no calls. */
  readonly judgePromptTokens: number | undefined
  /** What the judge's calls may cost; undefined where no price is known. */
  readonly judgeCost: number | undefined
  /** Tokens to read, each distinct prompt once, and answers that are read once more. */
  readonly promptTokens: number
  /** Tokens to write, at most. */
  readonly writtenTokens: number
  /** By the speed measured on this machine; undefined where it was not measured. */
  readonly minutes: number | undefined
}

/** Questions to ask, all with the same limit. */
export interface PlannedWork {
  readonly planned: readonly PlannedRollout[]
  /** The most tokens of an answer. */
  readonly maxTokens: number
  /** No judge looks at the answers. */
  readonly unjudged?: boolean
  /** The answers are read once more when they are written. */
  readonly readAgain?: boolean
}

/** An answer of unknown words, for the judge's estimate: about five characters a token. */
const charactersPerToken = 5

/**
 * Counts what asking everything planned takes: generations, judge calls, tokens, minutes. Prompts are tokenised, nothing
 * is read or written by the model.
 * @param alsoJudged texts that are there already
 */
export async function estimateWork(
  engine: Engine,
  judge: Judge | 'none',
  work: readonly PlannedWork[],
  alsoJudged: readonly JudgeItem[] = [],
): Promise<WorkEstimate> {
  const planned = work.flatMap(({ planned: rollouts, ...how }) => rollouts.map(rollout => ({ ...rollout, ...how })))
  const prompts = new Map(planned.map(rollout => [`${rollout.systemPrompt}\n${rollout.questionText}`, rollout]))
  let promptTokens = 0
  for (const rollout of prompts.values()) promptTokens += (await engine.renderPrompt(promptOf(rollout))).tokens.length
  promptTokens += planned.reduce((sum, { maxTokens, readAgain }) => sum + (readAgain ? maxTokens : 0), 0)
  const writtenTokens = planned.reduce((sum, { maxTokens }) => sum + maxTokens, 0)
  const judging =
    judge === 'none'
      ? { calls: 0 }
      : judge.estimate([
          ...planned.flatMap(({ questionText, maxTokens, unjudged }, index) =>
            unjudged
              ? []
              : [{ question: questionText, answer: `${index} ${'x'.repeat(maxTokens * charactersPerToken)}` }],
          ),
          ...alsoJudged,
        ])
  const speed = await measuredSpeed(engine)
  return {
    generations: planned.length,
    judgeCalls: judging.calls,
    judgePromptTokens: judging.promptTokens,
    judgeCost: judging.cost,
    promptTokens,
    writtenTokens,
    minutes: speed && (promptTokens + writtenTokens) / speed / 60,
  }
}

/** Tokens per second, read and written together, as measured when the model was first opened here. */
async function measuredSpeed({ model, info }: Engine): Promise<number | undefined> {
  if (info.name !== 'llama') return undefined
  const choice = await recallContexts(locateLibrary().id, model.fileHash)
  return choice && Math.max(...Object.values(choice.tokensPerSecond))
}
