import { readFile } from 'node:fs/promises'
import type { Engine } from '../engine/contract/engine.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import type { PlannedRollout } from './plan-rollouts.ts'
import { partPath, type RolloutSet, readWords } from './rollout-store.ts'
import { promptOf } from './run-rollouts.ts'

export interface LikelihoodOptions {
  readonly onProgress?: (doneAnswers: number) => void
  readonly signal?: AbortSignal
}

/**
 * How surprising each answer is to the unsteered model: the mean over its tokens of -log p(token | prompt, what stands
 * before it), in nats; the exponential is its perplexity. Says whether steering made an answer fall apart. Kept part by
 * part beside the words.
 * @returns in the order of the rollouts; undefined for an empty answer
 */
export async function measureSurprise(
  engine: Engine,
  set: RolloutSet,
  { onProgress = () => {}, signal }: LikelihoodOptions = {},
): Promise<(number | undefined)[]> {
  const all: (number | undefined)[] = []
  for (let part = 0; part < set.parts; part++) {
    const path = partPath(set, part, 'surprise.json')
    const known = await readFile(path, 'utf8').catch(() => undefined)
    const values = known ? (JSON.parse(known) as (number | null)[]) : await measurePart(engine, set, part, signal)
    if (!known) await writeFileWhole(path, JSON.stringify(values))
    all.push(...values.map(value => value ?? undefined))
    onProgress(all.length)
  }
  return all
}

async function measurePart(
  engine: Engine,
  set: RolloutSet,
  part: number,
  signal: AbortSignal | undefined,
): Promise<(number | null)[]> {
  const words = await readWords<PlannedRollout>(set, part)
  const readable = words.filter(({ answer }) => answer !== '')
  const results = await engine.forwardAll(
    readable.map(rollout => ({ prompt: promptOf(rollout), response: rollout.answer, responseLogprobs: true })),
    signal ? { signal } : {},
  )
  const surprises = new Map(readable.map((rollout, index) => [rollout, surpriseOf(results[index]!.responseLogprobs!)]))
  return words.map(rollout => surprises.get(rollout) ?? null)
}

function surpriseOf(logprobs: Float32Array): number | null {
  return logprobs.length === 0 ? null : -logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length
}

/** The perplexity of several answers together: the exponential of their mean surprise. Undefined without any. */
export function perplexityOf(surprises: readonly (number | undefined)[]): number | undefined {
  const known = surprises.filter(value => value !== undefined)
  if (known.length === 0) return undefined
  return Math.exp(known.reduce((sum, value) => sum + value, 0) / known.length)
}
