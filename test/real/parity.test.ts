/**
 * Personascope's engine gives what Hugging Face transformers gives on the same weights. The golden values are in
 * `test/parity/golden`; `test/parity/make_golden.py` made them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Engine } from '../../src/engine/contract/engine.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'
import { compareText, type Shift, type TextErrors } from '../parity/compare-text.ts'
import { type ObservedText, observeTexts, toPrompt } from '../parity/observe-texts.ts'
import { type GoldenText, readGolden } from '../parity/read-golden.ts'
import { modelFile } from './models.ts'

type Kind = keyof TextErrors
const ofTokens: readonly Kind[] = ['tokens', 'norms', 'vectors', 'promptLast']
const ofMeans: readonly Kind[] = ['responseMean', 'promptMean', 'promptMeanWithoutFirst']

/**
 * Relative errors that are allowed with float32 weights. Gemma's activation function is a table in half precision in
 * llama.cpp; nothing else is off by more than a few 1e-6.
 */
const float32Tolerances = {
  'smollm2-135m-instruct': { tokenTolerance: 2e-4, meanTolerance: 1e-4 },
  'gemma-3-270m': { tokenTolerance: 2e-3, meanTolerance: 1e-3 },
} as const

/** With the default weight format, at layers 0 to B-1. */
const defaultFormatMeanTolerance = 3e-2
/**
 * At layer B, where little of the stream's length is left, eight-bit kernels miss the tolerance of the other layers on
 * some texts: measured up to 5.13e-2 on four kinds of CPU, most on the one with VNNI (docs/lab-log.md). This guards
 * against what is worse than that; it does not say that the aim of 3e-2 is met there.
 */
const defaultFormatLastLayerTolerance = 5.5e-2

/**
 * Texts on which eight-bit weights are not held to the tolerance of means, because a mean there shows what happens to
 * one token. Float32 weights are held to theirs on these too.
 */
const beyondEightBits: Readonly<Record<string, string>> = {
  'one-token prompt': 'the mean of its prompt is one token',
  'repeated word': 'every token of it is as large as others are at position 0 only: the error of one is that of all',
  'hindi, thai and korean':
    'its second token is about to become as large as the first: rounding decides whether it does',
}

describe.for([
  ['smollm2-135m-instruct', modelFile('smollm2-135m-instruct', 'F32')],
  ['gemma-3-270m', modelFile('gemma-3-270m', 'F32')],
] as const)('%s with float32 weights', ([model, file]) => {
  const golden = readGolden(model)
  const { texts } = golden
  const { blockCount } = golden.model
  const { tokenTolerance, meanTolerance } = float32Tolerances[model]
  let engine: Engine
  let observed: ObservedText[]
  beforeAll(async () => {
    engine = await openLlamaEngine(file, { contexts: 2, threadsPerContext: 1 })
    observed = await observeTexts(engine, golden, { vectors: true })
  })
  afterAll(async () => await engine.close())
  const errorsOf = remembered((text, shift) => compareText(text, observed[texts.indexOf(text)]!, shift))

  test.for(named(texts))('%s: has the same tokens', async ([, text]) => {
    const { promptTokens, responseTokens } = observed[texts.indexOf(text)]!
    expect(promptTokens).toEqual(text.promptTokens)
    expect(responseTokens).toEqual(text.responseTokens)
    if ('rendered' in text.prompt) {
      expect((await engine.renderPrompt(toPrompt(text.prompt))).text).toBe(text.prompt.rendered)
    }
  })

  test.for(named(texts))('%s: every token is the same at layers 0 to B-1', ([, text]) => {
    const errors = errorsOf(text)
    for (const kind of ofTokens) expectWithin(tokenTolerance, errors, kind, blockCount - 1)
  })

  test.for(named(texts))('%s: every mean is the same at layers 0 to B', ([, text]) => {
    const errors = errorsOf(text)
    for (const kind of ofMeans) expectWithin(meanTolerance, errors, kind, blockCount)
  })

  test.for(named(texts))('%s: the response is as probable', ([, text]) => {
    const { responseLogprobs } = observed[texts.indexOf(text)]!
    text.responseLogprobs.forEach((logprob, index) => {
      expect(Math.abs(responseLogprobs[index]! - logprob), `response token ${index}`).toBeLessThan(0.05)
    })
    expect(perplexity(responseLogprobs) / perplexity(text.responseLogprobs)).toBeCloseTo(1, 2)
  })

  test.for(texts.filter(text => text.greedyTokens))(
    '$name: is written, and captured while it is written',
    async text => {
      const [result] = await engine.generateAll([
        {
          prompt: toPrompt(text.prompt),
          maxTokens: text.greedyTokens!,
          sampling: { temperature: 0 },
          capture: { layers: 'all', responseMean: true, promptMean: true },
        },
      ])
      expect(result!.tokens).toEqual(text.responseTokens)
      expect(result!.text).toBe(text.response)
      const { responseMean, promptMean, promptMeanWithoutFirst } = result!.activations!
      const whileWriting = { ...observed[texts.indexOf(text)]!, promptMeanWithoutFirst }
      const errors = compareText(text, { ...whileWriting, responseMean: responseMean!, promptMean: promptMean! })
      for (const kind of ofMeans) expectWithin(meanTolerance, errors, kind, blockCount)
    },
  )

  describe('negative controls: the same checks fail', () => {
    // Where all tokens are alike, so are their neighbours.
    const ordinary = texts.filter(text => text.name !== 'repeated word')

    test.for(named(ordinary))('%s: with positions shifted by one', ([, text]) => {
      const errors = errorsOf(text, { positions: 1 })
      for (const kind of ofTokens) expectBeyond(tokenTolerance, errors, kind, blockCount - 1)
      for (const kind of meansOf(text)) expectBeyond(meanTolerance, errors, kind, blockCount)
      expectBeyondEverywhere(tokenTolerance, errors, 'tokens', blockCount - 1)
    })

    test.for(named(ordinary))('%s: with layers shifted by one', ([, text]) => {
      const errors = errorsOf(text, { layers: 1 })
      for (const kind of ofTokens) expectBeyond(tokenTolerance, errors, kind, blockCount - 1)
      for (const kind of meansOf(text)) expectBeyond(meanTolerance, errors, kind, blockCount - 1)
      expectBeyondEverywhere(tokenTolerance, errors, 'tokens', blockCount - 1)
    })
  })
})

describe('smollm2-135m-instruct in the default format', () => {
  const golden = readGolden('smollm2-135m-instruct')
  const { blockCount } = golden.model
  const texts = golden.texts.filter(text => !(text.name in beyondEightBits))
  let observed: ObservedText[]
  beforeAll(async () => {
    const file = modelFile('smollm2-135m-instruct', 'Q8_0')
    await using engine = await openLlamaEngine(file, { contexts: 2, threadsPerContext: 1 })
    observed = await observeTexts(engine, golden, { vectors: false })
  })
  const errorsOf = remembered((text, shift) => compareText(text, observed[golden.texts.indexOf(text)]!, shift))

  test('is held to at least twenty texts', () => {
    expect(texts.length).toBeGreaterThanOrEqual(20)
    for (const name of Object.keys(beyondEightBits)) expect(golden.texts.map(text => text.name)).toContain(name)
  })

  test.for(named(texts))('%s: every mean is close', ([, text]) => {
    const errors = errorsOf(text)
    for (const kind of ofMeans) {
      expectWithin(defaultFormatMeanTolerance, errors, kind, blockCount - 1)
      expectWithin(defaultFormatLastLayerTolerance, errors, kind, blockCount)
    }
  })

  test.for(named(texts))('%s: the check fails with layers shifted by one', ([, text]) => {
    const errors = errorsOf(text, { layers: 1 })
    for (const kind of meansOf(text)) expectBeyond(defaultFormatMeanTolerance, errors, kind, blockCount - 1)
  })

  // One position more or less moves a long mean by less than the tolerance: the check as a whole must see it.
  test.for(ofMeans)('the check of %s fails with positions shifted by one', kind => {
    const worst = texts.map(text => worstLayer(errorsOf(text, { positions: 1 })[kind], blockCount - 1).error)
    expect(Math.max(...worst)).toBeGreaterThan(10 * defaultFormatMeanTolerance)
  })
})

type ErrorsOf = (text: GoldenText, shift?: Shift) => TextErrors

/** Several tests look at the errors of one text. */
function remembered(errorsOf: ErrorsOf): ErrorsOf {
  const known = new Map<string, TextErrors>()
  return (text, shift) => {
    const key = JSON.stringify([text.name, shift])
    const errors = known.get(key) ?? errorsOf(text, shift)
    known.set(key, errors)
    return errors
  }
}

/** With its name first, for the title of a test. */
function named(texts: readonly GoldenText[]): readonly (readonly [string, GoldenText])[] {
  return texts.map(text => [text.name, text])
}

function expectWithin(tolerance: number, errors: TextErrors, kind: Kind, deepest: number): void {
  const { layer, error } = worstLayer(errors[kind], deepest)
  expect(error, `${kind}, worst at layer ${layer}`).toBeLessThan(tolerance)
}

/** The check finds the mistake, at one layer at least. */
function expectBeyond(tolerance: number, errors: TextErrors, kind: Kind, deepest: number): void {
  expect(worstLayer(errors[kind], deepest).error, kind).toBeGreaterThan(tolerance)
}

function expectBeyondEverywhere(tolerance: number, errors: TextErrors, kind: Kind, deepest: number): void {
  for (let layer = 0; layer <= deepest; layer++) {
    expect(errors[kind][layer], `${kind} at layer ${layer}`).toBeGreaterThan(tolerance)
  }
}

function worstLayer(errors: Float64Array, deepest: number): { readonly layer: number; readonly error: number } {
  const upToDeepest = errors.subarray(0, deepest + 1)
  const error = Math.max(...upToDeepest)
  return { error, layer: upToDeepest.indexOf(error) }
}

/** A prompt of one token has no mean without its first token. */
function meansOf(text: GoldenText): readonly Kind[] {
  return ofMeans.filter(kind => kind !== 'promptMeanWithoutFirst' || text.promptMeanWithoutFirst)
}

function perplexity(logprobs: Float32Array): number {
  return Math.exp(-logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length)
}
