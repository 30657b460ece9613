/**
 * Reads the golden values that `make_golden.py` wrote: what Hugging Face transformers computes for a number of texts.
 * Knows their two files; knows nothing of Personascope, so that nothing in Personascope can hide a difference.
 */
import { readFileSync } from 'node:fs'
import { readTensors, type Tensor } from './read-tensors.ts'

export interface Golden {
  readonly model: {
    readonly id: string
    /** sha256 of the GGUF file whose weights were used. */
    readonly sha256: string
    /** B: layers are 0..B, and layer B is before the final norm. */
    readonly blockCount: number
    readonly hiddenSize: number
  }
  /** How many fixed directions every token is projected on; see `sign-direction.ts`. */
  readonly directions: number
  readonly texts: readonly GoldenText[]
}

/** One text, cut into a prompt and a response. In every array the layer is a row (or a row of rows). */
export interface GoldenText {
  readonly name: string
  readonly prompt: GoldenPrompt
  readonly response: string
  readonly promptTokens: readonly number[]
  readonly responseTokens: readonly number[]
  /** How many tokens transformers was let write at most, where it wrote the response itself (greedily). */
  readonly greedyTokens: number | undefined
  /** The Euclidean length of a token's activation, by layer: [B+1] */
  norms(position: number): Float32Array
  /** A token's activation on each direction: [B+1, directions] */
  projections(position: number): Float32Array
  /** The positions of the tokens whose whole activations are kept. */
  readonly vectorPositions: readonly number[]
  /** The whole activation of one of those tokens: [B+1, d] */
  vector(position: number): Float32Array
  /** [B+1, d] */
  readonly responseMean: Float32Array
  /** [B+1, d] */
  readonly promptMean: Float32Array
  /** [B+1, d]; undefined where the prompt is one token. */
  readonly promptMeanWithoutFirst: Float32Array | undefined
  /** [response tokens] log p(token | what stands before it) */
  readonly responseLogprobs: Float32Array
}

/** A plain text, or a chat with what the model's template makes of it. */
export type GoldenPrompt =
  | { readonly text: string }
  | { readonly messages: readonly GoldenMessage[]; readonly rendered: string }

export interface GoldenMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** @param model its name in Personascope's catalogue */
export function readGolden(model: string): Golden {
  const file = (extension: string) => new URL(`golden/${model}.${extension}`, import.meta.url)
  const about = JSON.parse(readFileSync(file('json'), 'utf8')) as WrittenGolden
  const tensors = readTensors(readFileSync(file('safetensors')))
  const tensor = (name: string): Tensor => {
    const found = tensors.get(name)
    if (!found) throw new Error(`Expected a tensor named ${name} in the golden values of ${model}.`)
    return found
  }
  let firstToken = 0
  let firstResponseToken = 0
  const texts = about.texts.map((text, index) => {
    const read = readText(text, index, { tensor, firstToken, firstResponseToken })
    firstToken += text.promptTokens.length + text.responseTokens.length
    firstResponseToken += text.responseTokens.length
    return read
  })
  return { model: about.model, directions: about.directions, texts }
}

/** Where in the tensors a text's values begin. */
interface Source {
  readonly tensor: (name: string) => Tensor
  readonly firstToken: number
  readonly firstResponseToken: number
}

function readText(text: WrittenText, index: number, { tensor, firstToken, firstResponseToken }: Source): GoldenText {
  const { promptTokens, responseTokens, vectorRows } = text
  return {
    name: text.name,
    prompt: 'messages' in text ? { messages: text.messages, rendered: text.rendered } : { text: text.prompt },
    response: text.response,
    promptTokens,
    responseTokens,
    greedyTokens: text.greedyTokens,
    norms: position => tensor('norms').row(firstToken + position),
    projections: position => tensor('projections').row(firstToken + position),
    vectorPositions: Object.keys(vectorRows).map(Number),
    vector(position) {
      const row = vectorRows[position]
      if (row === undefined) throw new Error(`The whole activation of token ${position} of ${text.name} is not kept.`)
      return tensor('token_vectors').row(row)
    },
    responseMean: tensor('response_mean').row(index),
    promptMean: tensor('prompt_mean').row(index),
    promptMeanWithoutFirst: promptTokens.length > 1 ? tensor('prompt_mean_without_first').row(index) : undefined,
    responseLogprobs: tensor('response_logprobs').values.subarray(
      firstResponseToken,
      firstResponseToken + responseTokens.length,
    ),
  }
}

/** The JSON file as it is written. */
interface WrittenGolden extends Omit<Golden, 'texts'> {
  readonly texts: readonly WrittenText[]
}

type WrittenText = WrittenPrompt & {
  readonly name: string
  readonly response: string
  readonly greedyTokens?: number
  readonly promptTokens: readonly number[]
  readonly responseTokens: readonly number[]
  /** Row of `token_vectors` by position. */
  readonly vectorRows: Readonly<Record<string, number>>
}

type WrittenPrompt =
  | { readonly prompt: string }
  | { readonly messages: readonly GoldenMessage[]; readonly rendered: string }
