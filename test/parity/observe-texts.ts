/** Runs golden texts through an engine and gathers what can be compared with them. Judges nothing. */
import type { Engine } from '../../src/engine/contract/engine.ts'
import type { ForwardRequest, ForwardResult } from '../../src/engine/contract/forward.ts'
import { allLayers } from '../../src/engine/contract/layer.ts'
import type { Prompt } from '../../src/engine/contract/prompt.ts'
import type { Golden, GoldenPrompt, GoldenText } from './read-golden.ts'
import { signDirection } from './sign-direction.ts'

/** What an engine says of one golden text; laid out as `GoldenText`. */
export interface ObservedText {
  /** The engine's own tokens of prompt and response. */
  readonly promptTokens: readonly number[]
  readonly responseTokens: readonly number[]
  /** [B+1, directions] */
  projections(position: number): Float32Array
  /** [B+1]; engines give the lengths of response tokens only. */
  norms(position: number): Float32Array
  /** Whole activations by position, [B+1, d] each, for the positions that the golden text has; if wanted. */
  readonly vectors: ReadonlyMap<number, Float32Array> | undefined
  /** [B+1, d] each */
  readonly responseMean: Float32Array
  readonly promptMean: Float32Array
  readonly promptMeanWithoutFirst: Float32Array | undefined
  readonly promptLast: Float32Array
  /** [response tokens] */
  readonly responseLogprobs: Float32Array
}

/**
 * Observes all texts in one run of the engine, so that they share what texts share in use.
 * @param wanted whole activations take a pass for each token
 */
export async function observeTexts(
  engine: Engine,
  golden: Golden,
  wanted: { readonly vectors: boolean },
): Promise<ObservedText[]> {
  const wholes = await engine.forwardAll(golden.texts.map(text => wholeText(text, golden)))
  const vectors = wanted.vectors ? await observeVectors(engine, golden, wholes) : undefined
  return await Promise.all(
    golden.texts.map(async (text, index) => {
      const { tokens: promptTokens } = await engine.renderPrompt(toPrompt(text.prompt))
      return { ...fromWholeText(wholes[index]!, golden), promptTokens, vectors: vectors?.[index] }
    }),
  )
}

/** The prompt of a golden text as an engine is asked it. */
export function toPrompt(prompt: GoldenPrompt): Prompt {
  return 'messages' in prompt ? { messages: prompt.messages } : prompt
}

function wholeText(text: GoldenText, { model, directions }: Golden): ForwardRequest {
  const numbers = Array.from({ length: directions }, (_, number) => signDirection(number, model.hiddenSize))
  return {
    prompt: { tokens: text.promptTokens },
    response: text.response,
    responseLogprobs: true,
    capture: {
      layers: 'all',
      responseMean: true,
      responseNorms: true,
      promptMean: true,
      promptLast: true,
      probes: allLayers(model.blockCount).flatMap(layer =>
        numbers.map((direction, number) => ({ name: `${number}`, layer, direction })),
      ),
    },
  }
}

function fromWholeText(result: ForwardResult, { directions }: Golden) {
  const { responseMean, responseNorms, promptMean, promptMeanWithoutFirst, promptLast, readings, layers } =
    result.activations!
  const { promptTokens, responseTokens } = result
  // Readings come in the order of the probes: layer by layer, direction by direction.
  const reading = (index: number, position: number) =>
    position < promptTokens ? readings[index]!.prompt[position]! : readings[index]!.response[position - promptTokens]!
  return {
    responseTokens,
    projections: (position: number) =>
      Float32Array.from({ length: layers.length * directions }, (_, index) => reading(index, position)),
    norms: (position: number) =>
      Float32Array.from(layers, layer => responseNorms![layer * responseTokens.length + position - promptTokens]!),
    responseMean: responseMean!,
    promptMean: promptMean!,
    promptMeanWithoutFirst,
    promptLast: promptLast!,
    responseLogprobs: result.responseLogprobs!,
  }
}

/** Whole activations of chosen tokens: each is the last prompt token of the text cut behind it, or of the whole one. */
async function observeVectors(
  engine: Engine,
  { texts }: Golden,
  wholes: readonly ForwardResult[],
): Promise<Map<number, Float32Array>[]> {
  const vectors = texts.map(
    ({ promptTokens }, index) => new Map([[promptTokens.length - 1, wholes[index]!.activations!.promptLast!]]),
  )
  const cuts = texts.flatMap((text, index) =>
    text.vectorPositions
      .filter(position => !vectors[index]!.has(position))
      .map(position => ({ text, index, position })),
  )
  const results = await engine.forwardAll(
    cuts.map(({ text, position }) => ({
      prompt: { tokens: [...text.promptTokens, ...text.responseTokens].slice(0, position + 1) },
      capture: { layers: 'all', promptLast: true },
    })),
  )
  cuts.forEach(({ index, position }, cut) => {
    vectors[index]!.set(position, results[cut]!.activations!.promptLast!)
  })
  return vectors
}
