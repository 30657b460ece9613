/** Checks requests against a model and brings them into the form engines work on. */
import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { Capture } from '../contract/capture.ts'
import type { ModelInfo } from '../contract/engine-info.ts'
import type { ForwardRequest } from '../contract/forward.ts'
import type { GenerateRequest } from '../contract/generate.ts'
import { asLayer } from '../contract/layer.ts'
import type { RenderedPrompt, TokenId } from '../contract/prompt.ts'
import type { Sampling } from '../contract/sampling.ts'
import type { Steering } from '../contract/steering.ts'
import type { PreparedForward, PreparedGenerate } from './prepared-request.ts'

/**
 * @param streamed whether its text is to be reported while it grows
 * @throws PROMPT_EMPTY, PROMPT_TOO_LONG, LAYER_OUT_OF_RANGE, REQUEST_INVALID
 */
export function prepareGenerate(
  request: GenerateRequest,
  prompt: RenderedPrompt,
  model: ModelInfo,
  streamed: boolean,
): PreparedGenerate {
  const {
    maxTokens,
    sampling = {},
    stop = [],
    topLogprobs = 0,
    grammar,
    ignoreEndOfTurn = false,
    answerAfter,
  } = request
  checkWhole('maxTokens', maxTokens, 1)
  checkWhole('topLogprobs', topLogprobs, 0)
  checkSampling(sampling)
  checkCommon(request, prompt, model, maxTokens)
  if (answerAfter === '') throw invalid('answerAfter', 'a text', 'an empty one')
  return {
    kind: 'generate',
    tokens: prompt.tokens,
    promptLength: prompt.tokens.length,
    boundaries: checkedBoundaries(prompt),
    steering: request.steering ?? [],
    capture: request.capture,
    maxTokens,
    sampling,
    stop,
    topLogprobs: Math.min(topLogprobs, model.vocabularySize),
    grammar,
    ignoreEndOfTurn,
    answerAfter,
    streamed,
    sharesPrompt: false,
  }
}

/** @throws PROMPT_EMPTY, PROMPT_TOO_LONG, LAYER_OUT_OF_RANGE, REQUEST_INVALID */
export function prepareForward(
  request: ForwardRequest,
  prompt: RenderedPrompt,
  response: readonly TokenId[],
  model: ModelInfo,
): PreparedForward {
  checkCommon(request, prompt, model, response.length)
  return {
    kind: 'forward',
    tokens: [...prompt.tokens, ...response],
    promptLength: prompt.tokens.length,
    boundaries: checkedBoundaries(prompt),
    steering: request.steering ?? [],
    capture: request.capture,
    responseLogprobs: request.responseLogprobs ?? false,
  }
}

/** Marks the requests of a run whose prompt another one of it has too, so that it is read once. */
export function markSharedPrompts(requests: readonly PreparedGenerate[]): PreparedGenerate[] {
  const keys = requests.map(request => request.tokens.join(','))
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return requests.map((request, index) => ({ ...request, sharesPrompt: counts.get(keys[index]!)! > 1 }))
}

function checkCommon(
  request: { readonly steering?: readonly Steering[]; readonly capture?: Capture },
  prompt: RenderedPrompt,
  model: ModelInfo,
  more: number,
): void {
  const promptTokens = prompt.tokens.length
  if (promptTokens === 0) throw new PersonascopeError('PROMPT_EMPTY')
  if (promptTokens + more > model.contextTokens) {
    const { contextTokens } = model
    throw new PersonascopeError('PROMPT_TOO_LONG', { promptTokens, maxTokens: more, contextTokens })
  }
  for (const token of prompt.tokens) {
    if (!Number.isInteger(token) || token < 0 || token >= model.vocabularySize) {
      throw invalid('prompt.tokens', `token ids under ${model.vocabularySize}`, token)
    }
  }
  for (const steering of request.steering ?? []) checkSteering(steering, model)
  if (request.capture) checkCapture(request.capture, model)
}

function checkSteering(steering: Steering, model: ModelInfo): void {
  asLayer(steering.layer, model, 1)
  if (steering.mode === 'add') {
    checkVector('steering.vector', steering.vector, model, 'may be zero')
    if (!Number.isFinite(steering.coefficient)) throw invalid('steering.coefficient', 'a number', steering.coefficient)
  } else {
    checkVector('steering.direction', steering.direction, model)
  }
  if (steering.mode === 'cap' && !Number.isFinite(steering.ceiling)) {
    throw invalid('steering.ceiling', 'a number', steering.ceiling)
  }
  if (!steering.when) return
  asLayer(steering.when.layer, model, 1)
  checkVector('steering.when.direction', steering.when.direction, model)
  if (Number.isNaN(steering.when.above)) throw invalid('steering.when.above', 'a number', steering.when.above)
}

function checkCapture({ layers, probes = [] }: Capture, model: ModelInfo): void {
  if (layers !== 'all') {
    for (const layer of layers) asLayer(layer, model)
    if (new Set(layers).size < layers.length) throw invalid('capture.layers', 'each layer once', layers.join(','))
  }
  for (const probe of probes) {
    asLayer(probe.layer, model)
    checkVector(`probe ${probe.name}`, probe.direction, model)
  }
}

function checkVector(field: string, vector: Float32Array, model: ModelInfo, zero?: 'may be zero'): void {
  if (vector.length !== model.hiddenSize) throw invalid(field, `${model.hiddenSize} numbers long`, vector.length)
  if (!vector.every(Number.isFinite)) throw invalid(field, 'finite numbers', 'others')
  if (!zero && vector.every(value => value === 0)) throw invalid(field, 'a direction', 'a zero vector')
}

function checkSampling({ temperature = 1, topK = 0, topP = 1, minP = 0, seed = 0 }: Sampling): void {
  if (!(temperature >= 0 && temperature < Number.POSITIVE_INFINITY))
    throw invalid('temperature', '0 or more', temperature)
  checkWhole('topK', topK, 0)
  if (!(topP > 0 && topP <= 1)) throw invalid('topP', 'over 0 and at most 1', topP)
  if (!(minP >= 0 && minP <= 1)) throw invalid('minP', 'between 0 and 1', minP)
  if (!Number.isInteger(seed)) throw invalid('seed', 'a whole number', seed)
}

function checkWhole(field: string, value: number, lowest: number): void {
  if (!Number.isInteger(value) || value < lowest) throw invalid(field, `a whole number of ${lowest} or more`, value)
}

function checkedBoundaries({ boundaries, tokens }: RenderedPrompt): number[] {
  const inside = boundaries.filter(boundary => boundary > 0 && boundary < tokens.length)
  return [...new Set(inside)].sort((a, b) => a - b)
}

function invalid(field: string, expected: string, got: string | number): PersonascopeError {
  return new PersonascopeError('REQUEST_INVALID', { field, expected, got })
}
