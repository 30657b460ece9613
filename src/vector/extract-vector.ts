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
  readonly questions: QuestionSums
}

/** The sums of (h+ - h-) of response means over kept pairs, question by question: any of them can be left out. */
export interface QuestionSums {
  /** [B+1, d] for each extraction question. */
  readonly sums: readonly Float64Array[]
  /** Kept pairs of each question. */
  readonly pairs: readonly number[]
}

interface KeptPair {
  readonly question: number
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
 * prompt pair, question and sample on both sides.
 * @param parts the finished rollouts, part by part; a pair may lie in two parts
 * @param shape B, d and the number of extraction questions
 * @param kept whether the rollout's pair is kept, in the order of the rollouts
 * @throws VECTOR_NO_PAIRS
 */
export async function extractDirections(
  parts: AsyncIterable<readonly FinishedRollout[]>,
  shape: { readonly blockCount: number; readonly hiddenSize: number; readonly questions: number },
  kept: readonly boolean[],
): Promise<ExtractedDirections> {
  const { blockCount, hiddenSize } = shape
  const size = (blockCount + 1) * hiddenSize
  const sums = new Map<VectorKind, Float64Array>(vectorKinds().map(kind => [kind, new Float64Array(size)]))
  const questionSums = Array.from({ length: shape.questions }, () => new Float64Array(size))
  const questionPairs = new Array<number>(shape.questions).fill(0)
  const norms = Array.from({ length: blockCount + 1 }, (): number[] => [])
  let pairsKept = 0
  for await (const { question, positive, negative } of pairsOf(parts, kept)) {
    pairsKept++
    questionPairs[question]!++
    addDifference(questionSums[question]!, positive.responseMean, negative.responseMean)
    for (const kind of vectorKinds()) addDifference(sums.get(kind)!, positive[kinds[kind]], negative[kinds[kind]])
    for (const { responseNorms } of [positive, negative]) addNorms(norms, responseNorms)
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
    questions: { sums: questionSums, pairs: questionPairs },
  }
}

/**
 * The direction that some questions alone give, [B+1, d].
 * @returns undefined where none of them has a kept pair
 */
export function directionWithout(
  { sums, pairs }: QuestionSums,
  isLeftOut: (question: number) => boolean,
): Float32Array | undefined {
  const used = sums.filter((_, question) => !isLeftOut(question))
  const count = pairs.reduce((total, of, question) => total + (isLeftOut(question) ? 0 : of), 0)
  if (count === 0) return undefined
  return Float32Array.from({ length: sums[0]!.length }, (_, i) => used.reduce((sum, of) => sum + of[i]!, 0) / count)
}

export function vectorKinds(): VectorKind[] {
  return Object.keys(kinds) as VectorKind[]
}

async function* pairsOf(
  parts: AsyncIterable<readonly FinishedRollout[]>,
  kept: readonly boolean[],
): AsyncGenerator<KeptPair> {
  const waiting = new Map<string, { side: Side; activations: RolloutActivations | undefined }>()
  let index = 0
  for await (const part of parts) {
    for (const { rollout, activations } of part) {
      if (!kept[index++]) continue
      const key = `${rollout.pair}/${rollout.question}/${rollout.sample}`
      const other = waiting.get(key)
      if (!other) {
        waiting.set(key, { side: rollout.side, activations })
        continue
      }
      waiting.delete(key)
      if (!activations || !other.activations) continue
      const both = { [rollout.side]: activations, [other.side]: other.activations } as Record<Side, RolloutActivations>
      yield { question: rollout.question, ...both }
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
