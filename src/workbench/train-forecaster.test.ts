import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fewestAnswers } from '../forecast/fit-forecaster.ts'
import { createLexiconJudge } from '../judge/lexicon-judge.ts'
import { openWorkspace } from '../store/workspace.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import { readForecaster } from '../vector/forecaster-file.ts'
import { brightTrait, openWordyEngine } from './small-experiment.case.ts'
import { type TrainOptions, trainForecaster } from './train-forecaster.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const settings = { answers: 240, maxTokens: 4, temperature: 0.7, seed: 0 }

describe('training a forecaster', () => {
  test('goes on where it was stopped, and makes the same forecaster as in one go', async () => {
    const stop = new AbortController()
    const stopped = train('stopped', {
      signal: stop.signal,
      onProgress: ({ done }) => done > 70 && stop.abort(),
    })
    await expect(stopped).rejects.toThrow()
    const [resumed, whole] = [await train('stopped'), await train('whole')]
    expect(resumed.reusedAnswers).toBe(64)
    expect(whole.reusedAnswers).toBe(0)
    const [a, b] = [await readForecaster(resumed.path), await readForecaster(whole.path)]
    const when = { createdAt: '' }
    expect({ ...a, provenance: { ...a.provenance, ...when } }).toEqual({
      ...b,
      provenance: { ...b.provenance, ...when },
    })
    expect(a).toEqual(resumed.forecaster)
  })

  test('does a part again of which only the states were written when it was killed', async () => {
    const whole = await train('torn')
    const words = join(whole.runPath, 'answers-0001.jsonl')
    await rm(words)
    const again = await train('torn')
    expect(again.reusedAnswers).toBe(settings.answers - 64)
    expect(again.forecaster).toEqual(whole.forecaster)
  })

  test('says what it learned from, and keeps one file of states for each part', async () => {
    const { forecaster, runPath } = await train('whole')
    const { training, evidence, judge } = forecaster.provenance
    expect(training).toMatchObject({ answers: 240, unscored: 0, systemPrompts: 32, shuffled: false, folds: 4 })
    expect(training.questions).toEqual(expect.arrayContaining([...brightTrait.trait.extractionQuestions]))
    expect(training.askedTwice).toBe(24)
    expect(judge).toBe('lexicon:sentiment')
    expect(evidence.byLayer.map(({ layer }) => layer)).toContain(forecaster.layer)
    expect(evidence.learningCurve.at(-1)!.questions).toBe(15)
    expect(forecaster.range.low).toBeLessThan(forecaster.range.high)
    const files = await readdir(runPath)
    expect(files.filter(file => file.endsWith('.safetensors'))).toHaveLength(4)
  })

  test('shuffled scores are no evidence, and lie beside the real forecaster under another name', async () => {
    const { forecaster, path } = await train('whole', { shuffle: true })
    expect(forecaster.provenance.evidence.verdict).toBe('no evidence')
    expect(forecaster.provenance.training.shuffled).toBe(true)
    expect(path).toMatch(/bright-shuffled\.safetensors$/)
  })

  test.each([
    ['too few answers', { settings: { ...settings, answers: fewestAnswers - 1 } }, /100 scored answers .*got 99/],
    ['scores that are all equal', { judge: constantJudge() }, /all of them are 50/],
    [
      'a question that is measured on too',
      { trait: withForecast('Where do birds sleep?') },
      /is evaluation question 1 again/,
    ],
    [
      'a topic that is measured on too',
      { trait: withForecast('Do birds sleep at night, and where?') },
      /is about what/,
    ],
  ])('refuses %s in one line', async (name, options, message) => {
    const error = await train(name.replaceAll(' ', '-'), options as Partial<TrainOptions>).catch(caught => caught)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('\n')
  })
})

async function train(workspace: string, options: Partial<TrainOptions> = {}) {
  await using engine = openWordyEngine()
  return await trainForecaster({
    engine,
    judge: createLexiconJudge('sentiment'),
    trait: brightTrait,
    workspace: openWorkspace(join(folder, workspace)),
    settings,
    ...options,
  })
}

function constantJudge() {
  const judge = createLexiconJudge('sentiment')
  const expression = { status: 'scored', value: 50, method: 'lexicon' } as const
  return { ...judge, score: async (items: readonly unknown[]) => items.map(() => ({ expression })) }
}

function withForecast(question: string): LoadedTrait {
  const { extractionQuestions } = brightTrait.trait
  return { ...brightTrait, trait: { ...brightTrait.trait, forecastQuestions: [...extractionQuestions, question] } }
}
