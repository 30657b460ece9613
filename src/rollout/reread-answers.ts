/**
 * Answers read once more as a dataset's rows are read: the question alone before them, without the system prompt they
 * were written under. What is left is in the answer itself and not the aftermath of the prompt.
 */
import type { Engine } from '../engine/contract/engine.ts'
import { readSafetensors, type Tensor, writeSafetensors } from '../store/safetensors.ts'
import type { PlannedRollout } from './plan-rollouts.ts'
import { partPath, type Rollout, type RolloutSet, readWords } from './rollout-store.ts'

export interface RereadOptions {
  /** Hears after every part how many answers are done, of all. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

/** An answer with the mean of its tokens' activations at every layer, [B+1, d]; absent where it has no token. */
export interface RereadAnswer<Planned extends PlannedRollout> {
  readonly rollout: Rollout<Planned>
  readonly responseMean: Float32Array | undefined
}

/** What a part's activations are kept as, beside its words. */
const ending = 'reread.safetensors'

/**
 * Reads every answer of a finished set again, part by part; parts that are there are not read again.
 * @throws what the engine throws, DISK_FULL, FILE_UNWRITABLE
 */
export async function rereadAnswers(
  engine: Engine,
  set: RolloutSet,
  { onProgress = () => {}, signal }: RereadOptions = {},
): Promise<void> {
  const parts: Rollout<PlannedRollout>[][] = []
  for (let part = 0; part < set.parts; part++) parts.push(await readWords<PlannedRollout>(set, part))
  const total = parts.reduce((sum, words) => sum + words.length, 0)
  let done = 0
  for (const [part, words] of parts.entries()) {
    const path = partPath(set, part, ending)
    if (!(await isReadable(path)))
      await writeSafetensors(path, { tensors: await readAgain(engine, words, signal), metadata: {} })
    done += words.length
    onProgress(done, total)
  }
}

async function readAgain(
  engine: Engine,
  words: readonly Rollout<PlannedRollout>[],
  signal: AbortSignal | undefined,
): Promise<Record<string, Tensor>> {
  const read = [...words.entries()].filter(([, { answer }]) => answer !== '')
  const results = await engine.forwardAll(
    read.map(([, { questionText, answer }]) => ({
      prompt: { messages: [{ role: 'user', content: questionText }] },
      response: answer,
      capture: { layers: 'all', responseMean: true },
    })),
    signal ? { signal } : {},
  )
  const tensors: Record<string, Tensor> = {}
  results.forEach(({ activations }, at) => {
    const values = activations?.responseMean
    if (values) tensors[`response_avg.${read[at]![0]}`] = { shape: [values.length], values }
  })
  return tensors
}

/** The answers of a set with what reading them again gave, one part in memory at a time. */
export async function* readReread<Planned extends PlannedRollout>(
  set: RolloutSet,
): AsyncGenerator<RereadAnswer<Planned>> {
  for (let part = 0; part < set.parts; part++) {
    const words = await readWords<Planned>(set, part)
    const { tensors } = await readSafetensors(partPath(set, part, ending), 'file of activations')
    for (const [index, rollout] of words.entries())
      yield { rollout, responseMean: tensors[`response_avg.${index}`]?.values }
  }
}

async function isReadable(path: string): Promise<boolean> {
  return await readSafetensors(path, 'file of activations').then(
    () => true,
    () => false,
  )
}
