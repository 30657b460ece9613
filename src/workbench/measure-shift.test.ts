import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunOptions } from '../engine/contract/engine.ts'
import type { GenerateRequest, GenerateResult } from '../engine/contract/generate.ts'
import type { Layer } from '../engine/contract/layer.ts'
import type { Judge } from '../judge/judge.ts'
import { createLexiconJudge } from '../judge/lexicon-judge.ts'
import { sha256 } from '../store/hash.ts'
import { openWorkspace } from '../store/workspace.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import {
  defaultShiftSettings,
  type MeasuredTrait,
  measureShift,
  type ShiftModel,
  type ShiftOptions,
} from './measure-shift.ts'
import { brightTrait } from './small-experiment.case.ts'
import { WordyEngine } from './wordy-engine.case.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

/** Engines that are open, and how many there were at most. */
const open = { now: 0, most: 0 }

/** The wordy engine with the same weights, pushed along a direction: a fine-tune whose shift is known. */
class TunedEngine extends WordyEngine {
  readonly asked: { answers: number }
  readonly #push: { readonly layer: Layer; readonly vector: Float32Array; readonly coefficient: number } | undefined

  constructor(asked: { answers: number }, push?: TunedEngine['push']) {
    super(2)
    this.asked = asked
    this.#push = push
    open.most = Math.max(open.most, ++open.now)
  }

  get push() {
    return this.#push
  }

  override async generateAll(requests: readonly GenerateRequest[], options?: RunOptions<GenerateResult>) {
    this.asked.answers += requests.length
    const steering = this.#push ? [{ mode: 'add', positions: 'all', ...this.#push } as const] : []
    return await super.generateAll(
      requests.map(request => ({ ...request, steering })),
      options,
    )
  }

  override async close() {
    await super.close()
    open.now--
  }
}

/** The same words as the base model's, on a residual stream that lies further along an axis: the shift is that far. */
class MovedEngine extends TunedEngine {
  override async generateAll(requests: readonly GenerateRequest[], options?: RunOptions<GenerateResult>) {
    const results = await super.generateAll(requests, options)
    for (const { activations } of results) {
      const { layers, hiddenSize, responseMean } = activations!
      for (const index of layers.keys()) responseMean![index * hiddenSize + 1]! -= 2.5
    }
    return results
  }
}

const { model } = new WordyEngine(2)

function fakeModel(id: string, asked: { answers: number }, push?: TunedEngine['push']): ShiftModel {
  const { architecture, blockCount, hiddenSize, vocabularySize, chatTemplate, weightFormat } = model
  return {
    shape: { id, architecture, blockCount, hiddenSize, vocabularySize, chatTemplateHash: chatTemplate!.hash },
    fileHash: sha256(`${id} ${push?.coefficient}`),
    weightFormat,
    sourceFormat: weightFormat,
    open: async () => new TunedEngine(asked, push),
  }
}

/** A vector that is an axis at every layer, three long: projections are coordinates. */
function axisVector(name: string, axis: number): PersonaVector {
  const { blockCount, hiddenSize } = model
  const directions = new Float32Array((blockCount + 1) * hiddenSize)
  for (let layer = 0; layer <= blockCount; layer++) directions[layer * hiddenSize + axis] = 3
  return {
    blockCount,
    hiddenSize,
    directions: { response_avg: directions },
    medianResponseNorms: new Float32Array(blockCount + 1),
    hasEmbedding: true,
    defaultLayer: blockCount as Layer,
    defaultLayerReason: 'the last',
    provenance: {
      trait: { name, hash: 'h' },
      model: { id: 'fake', fileHash: 'f', architecture: 'fake', weightFormat: 'F32', chatTemplateHash: 't' },
      engine: { name: 'fake', version: '1', contexts: 1, slotsPerContext: 1 },
      judge: 'none',
      unfiltered: true,
      pairsPlanned: 1,
      pairsKept: 1,
      responseTokens: 1,
      settings: { samples: 1, maxTokens: 6, temperature: 1, seed: 0 },
      personascopeVersion: '0.1.0',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
  }
}

const trait = (name: string, axis: number, judge: Judge | 'none' = 'none'): MeasuredTrait => ({
  trait: { ...brightTrait, trait: { ...brightTrait.trait, name } },
  vector: axisVector(name, axis),
  judge,
})

const axis = (of: number) => Float32Array.from({ length: model.hiddenSize }, (_, index) => Number(index === of))

function optionsOf(name: string, asked: { answers: number }, more: Partial<ShiftOptions> = {}): ShiftOptions {
  const push = { layer: model.blockCount as Layer, vector: axis(1), coefficient: 2.5 }
  return {
    base: fakeModel('fake', asked),
    tuned: [fakeModel('pushed', asked, push), fakeModel('same', asked)],
    traits: [trait('bright', 1, createLexiconJudge('sentiment')), trait('other', 2)],
    workspace: openWorkspace(join(folder, name)),
    settings: { samples: 3, maxTokens: 6, temperature: 0 },
    ...more,
  }
}

describe('the shift of models', () => {
  test('is 0 for the base model’s own weights, and for another model the difference of the means that are reported', async () => {
    const asked = { answers: 0 }
    const { summary, reportPath, summaryPath } = await measureShift(
      optionsOf('pushed', asked, { settings: { samples: 2, maxTokens: 1, temperature: 0 } }),
    )
    expect(asked.answers).toBe(3 * 2 * 6 * 2)
    expect(open).toEqual({ now: 0, most: 1 })
    const [pushed, same] = summary.tuned
    expect(same!.matrix.flat().map(cell => cell!.shift)).toEqual([0, 0, 0, 0])
    expect(same!.traits[0]!.score).toMatchObject({ shift: 0, low: 0, high: 0 })
    expect(same!.traits[1]!.score).toBeNull()
    // The pushed model writes other tokens too, so its shift is not known beforehand.
    expect(pushed!.levels[0]!.meanProjection).not.toBe(summary.base.levels[0]!.meanProjection)
    expect(pushed!.traits[0]!.projection!.shift).toBeCloseTo(
      pushed!.levels[0]!.meanProjection! - summary.base.levels[0]!.meanProjection!,
      6,
    )
    expect(summary.settings).toEqual({ ...defaultShiftSettings, samples: 2, maxTokens: 1, temperature: 0 })
    expect(summary.traits.map(({ judge, questions }) => [judge, questions])).toEqual([
      ['lexicon:sentiment', 6],
      [null, 6],
    ])
    expect(JSON.parse(await readFile(summaryPath, 'utf8'))).toEqual(summary)
    const report = await readFile(reportPath, 'utf8')
    expect(report).toMatch(/^<!doctype html>/)
    expect(report).toContain('pushed: questions of a trait (down) and vector of a trait (across)')
    expect(report).toContain('nothing can be said of how they go together')
  })

  test('of a residual stream moved by a known length is that length, on the axis it was moved along and no other', async () => {
    const asked = { answers: 0 }
    const moved = { ...fakeModel('moved', asked), open: async () => new MovedEngine(asked) }
    const { summary } = await measureShift(optionsOf('moved', asked, { tuned: [moved] }))
    const [bright, other] = summary.tuned[0]!.matrix
    for (const [onBright, onOther] of [bright!, other!]) {
      expect(onBright!.shift).toBeCloseTo(-2.5, 5)
      expect(onBright!.low).toBeCloseTo(-2.5, 5)
      expect(onBright!.high).toBeCloseTo(-2.5, 5)
      expect(onOther!.shift).toBe(0)
    }
    expect(summary.tuned[0]!.traits[0]!.score).toMatchObject({ shift: 0 })
  })

  test('with a further tuned model asks this one only, and with another judge nobody; each comparison keeps its report', async () => {
    const asked = { answers: 0 }
    const [pushed, same] = optionsOf('further', asked).tuned as [ShiftModel, ShiftModel]
    const one = await measureShift(optionsOf('further', asked, { tuned: [pushed] }))
    expect(asked.answers).toBe(2 * 36)
    const both = await measureShift(optionsOf('further', asked, { tuned: [same, pushed] }))
    expect(asked.answers).toBe(3 * 36)
    expect(both.folder).toBe(one.folder)
    const { name: _, ...again } = both.summary.tuned[1]!
    expect(one.summary.tuned[0]).toMatchObject(again)
    const traits = [trait('bright', 1, createLexiconJudge('negative-sentiment')), trait('other', 2)]
    const judged = await measureShift(optionsOf('further', asked, { tuned: [same, pushed], traits }))
    expect(asked.answers).toBe(3 * 36)
    expect(new Set([one, both, judged].map(({ reportPath }) => reportPath)).size).toBe(3)
    const kept = JSON.parse(await readFile(both.summaryPath, 'utf8'))
    expect(kept.traits[0].judge).toBe('lexicon:sentiment')
    expect(judged.summary.tuned[1]!.traits[0]!.score!.shift).toBeCloseTo(
      -both.summary.tuned[1]!.traits[0]!.score!.shift,
      6,
    )
  })

  test('that was stopped goes on where it was, to the same numbers', async () => {
    const whole = { answers: 0 }
    const first = await measureShift(optionsOf('whole', whole))
    const stopping = new AbortController()
    const asked = { answers: 0 }
    const stopped = measureShift(
      optionsOf('stopped', asked, {
        signal: stopping.signal,
        onProgress: ({ model: name, done }) => {
          if (name === 'pushed' && done > 3) stopping.abort()
        },
      }),
    )
    await expect(stopped).rejects.toMatchObject({ code: 'ENGINE_ABORTED' })
    const before = asked.answers
    const resumed = await measureShift(optionsOf('stopped', asked))
    // Base was whole; of the pushed model the part at work is asked again.
    expect(before).toBe(36 + 18)
    expect(asked.answers - before).toBe(2 * 36)
    const { createdAt: _, ...numbers } = resumed.summary
    const { createdAt: __, ...expected } = first.summary
    expect(numbers).toEqual(expected)
    const again = await measureShift(optionsOf('stopped', asked))
    expect(asked.answers).toBe(before + 72)
    expect(again.summary).toEqual(resumed.summary)
    expect(open.now).toBe(0)
  })

  test('is plotted against the score from three tuned models on', async () => {
    const asked = { answers: 0 }
    const models = [1, 2, 3].map(coefficient =>
      fakeModel('pushed', asked, { layer: 2 as Layer, vector: axis(1), coefficient }),
    )
    const { summary, reportPath } = await measureShift(optionsOf('three', asked, { tuned: models }))
    expect(summary.tuned.map(({ name }) => name)).toEqual(['pushed', 'pushed (2)', 'pushed (3)'])
    const report = await readFile(reportPath, 'utf8')
    expect(report).toContain('bright: shift of the projection and change of the score')
    expect(report).toContain('no correlation is computed')
    expect(report).not.toContain('other: shift of the projection and change of the score')
  })

  test.each<[string, string, (options: ShiftOptions) => ShiftOptions]>([
    [
      'of another shape',
      'SHIFT_MODELS_DIFFER',
      options => ({
        ...options,
        tuned: [{ ...options.base, shape: { ...options.base.shape, blockCount: 5 } }],
      }),
    ],
    [
      'with a vector of another model',
      'VECTOR_MODEL_MISMATCH',
      options => ({
        ...options,
        traits: options.traits.map(({ vector, ...rest }) => ({ ...rest, vector: { ...vector, hiddenSize: 8 } })),
      }),
    ],
    ['at a layer there is not', 'LAYER_OUT_OF_RANGE', options => ({ ...options, layer: 5 })],
  ])('%s is refused before anything is asked', async (_, code, change) => {
    const asked = { answers: 0 }
    await expect(measureShift(change(optionsOf('refused', asked)))).rejects.toMatchObject({ code })
    expect({ asked: asked.answers, open: open.now }).toEqual({ asked: 0, open: 0 })
  })

  test('of a tokenizer that makes other tokens is refused, with the base model’s answers kept', async () => {
    class OtherTokens extends TunedEngine {
      override async tokenize(text: string, options?: { readonly special?: boolean }) {
        return [...(await super.tokenize(text, options)), 65]
      }
    }
    const asked = { answers: 0 }
    const options = optionsOf('tokens', asked)
    const other = { ...fakeModel('other', asked), open: async () => new OtherTokens(asked) }
    await expect(measureShift({ ...options, tuned: [other] })).rejects.toMatchObject({
      code: 'SHIFT_MODELS_DIFFER',
      message: expect.stringContaining('its tokenizer makes other tokens of the same questions'),
    })
    expect({ asked: asked.answers, open: open.now }).toEqual({ asked: 36, open: 0 })
  })
})
