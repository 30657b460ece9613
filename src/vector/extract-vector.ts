import type { Layer } from '../engine/contract/layer.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { median } from '../numeric/vector-math.ts'
import type { Side } from '../rollout/plan-rollouts.ts'
import type { FinishedRollout, RolloutActivations } from '../rollout/rollout-store.ts'
import type { PersonaVector, VectorKind } from './persona-vector.ts'

/** What the difference of means is made of. */
export interface ExtractedDirections extends Pick<PersonaVector, 'medianResponseNorms'> {
  readonly directions: Readonly<Record<VectorKind, Float32Array>>
  readonly pairsKept: number
  readonly responseTokens: number
}

interface KeptPair {
  readonly positive: RolloutActivations
  readonly negative: RolloutActivations
}

const kinds = {
  response_avg: 'responseMean',
  prompt_avg: 'promptMean',
  prompt_avg_without_first: 'promptMeanWithoutFirst',
  prompt_last: 'promptLast',
} as const satisfies Record<VectorKind, keyof RolloutActivations>

/**
 * The persona vector at every layer: mean(h+ over kept) - mean(h- over kept) (paper, section 2.2). A pair is the same
 * prompt pair, question and sample on both sides; it is kept where both answers have a token, and all such pairs are
 * kept as long as nothing judges them.
 * @param parts the finished rollouts, part by part; a pair may lie in two parts
 * @param shape B and d
 * @throws VECTOR_NO_PAIRS
 */
export async function extractDirections(
  parts: AsyncIterable<readonly FinishedRollout[]>,
  { blockCount, hiddenSize }: { readonly blockCount: number; readonly hiddenSize: number },
): Promise<ExtractedDirections> {
  const size = (blockCount + 1) * hiddenSize
  const sums = new Map<VectorKind, Float64Array>(vectorKinds().map(kind => [kind, new Float64Array(size)]))
  const norms = Array.from({ length: blockCount + 1 }, (): number[] => [])
  let pairsKept = 0
  for await (const pair of pairsOf(parts)) {
    pairsKept++
    for (const kind of vectorKinds())
      addDifference(sums.get(kind)!, pair.positive[kinds[kind]], pair.negative[kinds[kind]])
    for (const { responseNorms } of [pair.positive, pair.negative]) addNorms(norms, responseNorms)
  }
  if (pairsKept === 0) throw new PersonascopeError('VECTOR_NO_PAIRS')
  const mean = (kind: VectorKind) => Float32Array.from(sums.get(kind)!, sum => sum / pairsKept)
  return {
    directions: {
      response_avg: mean('response_avg'),
      prompt_avg: mean('prompt_avg'),
      prompt_avg_without_first: mean('prompt_avg_without_first'),
      prompt_last: mean('prompt_last'),
    },
    medianResponseNorms: Float32Array.from(norms, median),
    pairsKept,
    responseTokens: norms[0]!.length,
  }
}

/**
 * The layer used until a profile of the layers chooses one: at 0.55 of the depth, about where steering was found to
 * work best on models of several sizes.
 */
export function provisionalLayer(blockCount: number): { layer: Layer; reason: string } {
  const layer = Math.max(1, Math.floor(0.55 * blockCount)) as Layer
  return { layer, reason: `0.55 of the depth of ${blockCount} blocks; provisional until the layers are profiled` }
}

export function vectorKinds(): VectorKind[] {
  return Object.keys(kinds) as VectorKind[]
}

async function* pairsOf(parts: AsyncIterable<readonly FinishedRollout[]>): AsyncGenerator<KeptPair> {
  const waiting = new Map<string, { side: Side; activations: RolloutActivations | undefined }>()
  for await (const part of parts) {
    for (const { rollout, activations } of part) {
      const key = `${rollout.pair}/${rollout.question}/${rollout.sample}`
      const other = waiting.get(key)
      if (!other) {
        waiting.set(key, { side: rollout.side, activations })
        continue
      }
      waiting.delete(key)
      if (!activations || !other.activations) continue
      const own = { [rollout.side]: activations, [other.side]: other.activations }
      yield own as unknown as KeptPair
    }
  }
}

function addDifference(sum: Float64Array, positive: Float32Array, negative: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + (positive[i]! - negative[i]!)
}

/** @param matrix [B+1, response tokens] */
function addNorms(norms: readonly number[][], matrix: Float32Array): void {
  const tokens = matrix.length / norms.length
  norms.forEach((list, layer) => {
    for (let token = 0; token < tokens; token++) list.push(matrix[layer * tokens + token]!)
  })
}
