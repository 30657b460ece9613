import { describe, expect, test } from 'vitest'
import { createRandom } from '../numeric/random.ts'
import { sampleForecaster } from '../vector/sample-forecaster.case.ts'
import { evaluateForecast, type ForecastRows } from './evaluate-forecast.ts'
import { forecastFinding, forecastReport } from './forecast-report.ts'

const options = { seed: 1, event: 60 }

/** 6 system prompts x 20 questions x 4 answers; the score follows the forecast with noise of this deviation. */
function simulate({ noise = 8, follow = 1, seed = 1 } = {}): ForecastRows {
  const random = createRandom(seed)
  const draw = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  const prompts = Array.from({ length: 120 }, (_, index) => ({
    systemPrompt: `prompt ${Math.floor(index / 20)}`,
    questionText: `question ${index % 20}`,
    predicted: 50 + 8 * draw(),
  }))
  const answers = prompts.flatMap(({ predicted }, prompt) =>
    Array.from({ length: 4 }, () => ({ prompt, score: 50 + follow * (predicted - 50) + noise * draw() })),
  )
  const values = Float64Array.from(prompts, ({ predicted }) => predicted + 16 * draw())
  return { prompts, answers, baselines: [{ name: 'a weaker text', values }] }
}

describe('evaluating forecasts', () => {
  test('finds the correlation that was built in, and what the forecaster tells beyond the text', () => {
    const { forecaster, baselines, inRange } = evaluateForecast(sampleForecaster(), simulate(), options)
    // Variance 64 of what is told, 64 / 4 of the noise of a mean of four answers.
    expect(forecaster.withinSystemPrompt!.value).toBeCloseTo(Math.sqrt(64 / 80), 1)
    expect(forecaster.perAnswer!.value).toBeCloseTo(Math.sqrt(0.5), 1)
    const { gain, withinSystemPrompt } = baselines[0]!
    expect(gain.withinSystemPrompt!.value).toBeCloseTo(
      forecaster.withinSystemPrompt!.value - withinSystemPrompt!.value,
      10,
    )
    expect(gain.withinSystemPrompt!.low).toBeGreaterThan(0)
    expect(forecaster.partialWithinSystemPrompt!.low).toBeGreaterThan(0)
    expect(inRange).toBeGreaterThan(0.9)
  })

  test('coverage is the share of scores inside their intervals, counted by hand', () => {
    const prompts = [30, 50, 70].map((predicted, index) => ({
      systemPrompt: 's',
      questionText: `q${index}`,
      predicted,
    }))
    // Half widths of 20, 30 and 30: 10..50, 20..80, 40..100; means within 20..40, 36..64, 56..84.
    const answers = [
      [0, 10, 50, 51],
      [19, 20, 50, 80],
      [39, 40, 100, 90],
    ].flatMap((scores, prompt) => scores.map(score => ({ prompt, score })))
    const { coverage, warnings, bySystemPrompt } = evaluateForecast(
      sampleForecaster(),
      { prompts, answers, baselines: [] },
      options,
    )
    expect(coverage.answers.value).toBeCloseTo(8 / 12, 10)
    expect(coverage.width).toBeCloseTo((40 + 60 + 60) / 3, 10)
    expect(coverage.constantAnswers).toBeCloseTo(11 / 12, 10)
    expect(coverage.means!.value).toBe(1)
    expect(bySystemPrompt[0]!.coverage).toBeCloseTo(8 / 12, 10)
    // Scores of 60 and more: one under 50, two under 70.
    expect(warnings.find(({ threshold }) => threshold === 60)).toEqual({
      threshold: 60,
      alarmsPerThousand: (1000 * 4) / 12,
      precision: 2 / 4,
      recall: 2 / 3,
    })
    expect(warnings.find(({ threshold }) => threshold === 90)).toMatchObject({ precision: undefined, recall: 0 })
  })

  test('reliability bins hold all prompts, in order, and lie on the diagonal where forecasts are right', () => {
    const { reliability } = evaluateForecast(sampleForecaster(), simulate({ noise: 4 }), options)
    expect(reliability.reduce((sum, { prompts }) => sum + prompts, 0)).toBe(120)
    for (const [index, { predicted, observed }] of reliability.entries()) {
      if (index > 0) expect(predicted).toBeGreaterThan(reliability[index - 1]!.predicted)
      expect(Math.abs(predicted - observed)).toBeLessThan(4)
    }
  })
})

describe('the report of an evaluation', () => {
  test.each([
    ['something told', {}, /tells how joyful the answer will be/],
    ['nothing told', { follow: 0, seed: 3 }, /nothing measurable is told/],
  ])('says in its first sentence whether there is %s', (_, simulated, expected) => {
    const evaluation = evaluateForecast(sampleForecaster(), simulate(simulated), options)
    expect(forecastFinding({ forecaster: sampleForecaster(), evaluation })).toMatch(expected)
  })

  test('a forecaster without evidence says so, whatever it happens to reach', () => {
    const { provenance } = sampleForecaster()
    const evidence = { ...provenance.evidence, verdict: 'no evidence' } as const
    const training = { ...provenance.training, shuffled: true }
    const forecaster = sampleForecaster({ provenance: { ...provenance, evidence, training } })
    const rows = simulate()
    const evaluation = evaluateForecast(forecaster, rows, options)
    const page = forecastReport({
      forecaster,
      rows,
      evaluation,
      source: 'a test',
      differences: ['another temperature'],
    })
    expect(page).toContain('No evidence')
    expect(page).toContain('shuffled scores, as a control')
    expect(page).toContain('another temperature')
  })
})
