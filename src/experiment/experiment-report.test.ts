import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { extractedVector } from '../../test/vector-formats/sample-vector.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { exampleTrait } from '../trait/example-trait.case.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import type { LayerProfile } from '../vector/layer-evidence.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { analyseExperiment } from './analyse-experiment.ts'
import { calibrate } from './calibrate.ts'
import { experimentReport, experimentScatterSvg, type ReportParts } from './experiment-report.ts'
import type { DoseRow, ExperimentRows } from './experiment-rows.ts'
import { summariseExperiment } from './experiment-summary.ts'
import type { ExperimentSettings } from './plan-experiment.ts'
import { answersToCsv } from './rows-to-csv.ts'
import { type SyntheticOptions, syntheticRows } from './synthetic-rows.case.ts'

const settings: ExperimentSettings = {
  samples: 3,
  maxTokens: 60,
  temperature: 0.7,
  seed: 2,
  doses: [-0.1, 0],
  steeringSamples: 1,
}
const doses: readonly DoseRow[] = [-0.1, 0].flatMap(dose =>
  [0, 1].map(question => ({ dose, question, score: 50 + 100 * dose + question, surprise: 1 })),
)
const profile: LayerProfile = {
  folds: 4,
  layers: [1, 2, 3, 4].map(layer => ({ layer: layer as Layer, relativeNorm: 0.1, separation: 0.9 + layer / 100 })),
}
const levels = 3
const truth = {
  levels,
  questions: 8,
  project: ({ step }, draw) => 3 * step + draw(),
  score: ({ step }, _, draw) => 30 + 20 * step + 3 * draw(),
} satisfies SyntheticOptions

interface Texts {
  readonly answer?: string
  readonly vector?: Partial<PersonaVector>
  readonly asGiven?: boolean
}

function partsOf(options: SyntheticOptions, { answer = 'An answer.', vector: more, asGiven }: Texts = {}) {
  const synthetic = syntheticRows({
    samples: settings.samples,
    baseline: ({ step }, _, draw) => step + draw(),
    ...options,
  })
  const rows: ExperimentRows = {
    ...synthetic,
    doses,
    // As a vector of two extraction questions that agree.
    ...(!asGiven && { questionProjections: [synthetic.projections[1]!, synthetic.projections[1]!] }),
  }
  const prompts = ['Everything is urgent.', 'You are a helpful assistant.', 'There is no rush at all today.']
  const trait = exampleTrait({ ladder: prompts.map((prompt, index) => ({ level: index - 1, prompt })) })
  const base = extractedVector('calm')
  const vector: PersonaVector = {
    ...base,
    defaultLayer: 2 as Layer,
    readingLayer: 1 as Layer,
    readingLayerReason: 'it tells best',
    profile,
    provenance: { ...base.provenance, unfiltered: false, judge: 'test' },
    ...more,
  }
  const analysis = analyseExperiment(rows, settings.seed)
  const summary = summariseExperiment({
    modelId: 'fake',
    trait: 'calm',
    vector,
    layer: 1 as Layer,
    judge: 'lexicon:sentiment',
    settings,
    conditions: rows.conditions.length,
    answers: rows.answers.length,
    analysis,
    coefficientOf: dose => 10 * dose,
    seconds: 1.5,
  })
  const parts: ReportParts = {
    trait,
    vector,
    analysis,
    summary,
    provenance: [{ name: 'model', value: 'fake' }],
    data: {
      rows,
      conditions: rows.conditions.map(row => ({
        ...row,
        systemPrompt: prompts[row.step]!,
        questionText: `What of ${row.question}?`,
      })),
      conversations: rows.answers.map(({ condition, sample, score }) => ({
        rollout: {
          condition,
          sample,
          systemPrompt: '',
          questionText: 'What of it?',
          seed: 0,
          answer,
          finishReason: 'end',
          promptTokens: 1,
          responseTokens: 1,
        },
        judgement: {
          expression:
            score === undefined
              ? { status: 'unscored', reason: 'it refused' }
              : { status: 'scored', value: score, method: 'lexicon' },
        },
      })),
      steered: [],
    },
  }
  return parts
}

const textOf = (html: string) => parseHTML(html).document.body.textContent!.replace(/\s+/g, ' ')

describe('the first screen', () => {
  test('says what was found, and at once that it is between prompts', () => {
    const html = experimentReport(partsOf(truth))
    const { document } = parseHTML(html)
    const finding = document.querySelector('.finding')!.textContent!
    expect(finding).toMatch(
      /^Before a word is written, the projection of the last prompt token at layer 1 tells how calm/,
    )
    expect(finding).toMatch(/r = 0\.9\d over 24 prompts\. Almost all of that is between system prompts/)
    const header = document.querySelector('header')!.textContent!
    for (const figure of [
      'r per prompt',
      'r within one level',
      'the text alone (the text)',
      'random directions',
      'reliability',
      'Few questions',
      'Few answers',
      'cannot be told from 0',
      'other questions give another r',
    ])
      expect(header).toContain(figure)
    expect(header).not.toContain('taken as given')
  })

  test('does not claim that it is between prompts where it is not', () => {
    const within = partsOf({ ...truth, project: (_, draw) => 5 * draw(), score: (_, x, draw) => 50 + 3 * x + draw() })
    const { document } = parseHTML(experimentReport(within))
    const finding = document.querySelector('.finding')!.textContent!
    expect(finding).not.toContain('Almost all')
    expect(finding).toMatch(/Besides, among prompts of one level r is (> )?0\.9/)
  })

  test('of a null says that there is no evidence, and why', () => {
    const chance = partsOf({ ...truth, seed: 4, project: (_, draw) => draw(), score: (_, __, draw) => 50 + 9 * draw() })
    const { document } = parseHTML(experimentReport(chance))
    expect(document.querySelector('.finding')!.textContent).toMatch(/^No evidence that the projection/)
    const header = document.querySelector('header')!.textContent!
    expect(header).toContain('No evidence')
    expect(header).toContain('random directions correlate as strongly')
    expect(header).toContain('Nothing is to be read from this vector')
    expect(header).not.toContain('tells how calm the answer will be: r =')
  })

  test('of a projection that never varies still is a page', () => {
    const html = experimentReport(partsOf({ ...truth, project: () => 1 }))
    expect(textOf(html)).toContain('No evidence')
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('warns of an unfiltered vector, and of one whose extraction questions are not known', () => {
    const { provenance } = extractedVector('calm')
    const unfiltered = partsOf(truth, { asGiven: true, vector: { provenance: { ...provenance, unfiltered: true } } })
    const header = parseHTML(experimentReport(unfiltered)).document.querySelector('header')!.textContent!
    expect(header).toContain('Unfiltered vector')
    expect(header).toContain('The vector is taken as given')
    expect(textOf(experimentReport(unfiltered))).not.toContain('for the vector also the extraction questions')
  })
})

describe('the page', () => {
  test('holds answers of every level with their scores, or why they have none', () => {
    const html = experimentReport(
      partsOf({ ...truth, score: ({ step }, _, draw) => (step === 0 ? undefined : 30 + 20 * step + 3 * draw()) }),
    )
    const summaries = [...parseHTML(html).document.querySelectorAll('details > summary')].map(node => node.textContent!)
    const ofLevels = summaries.filter(text => text.includes('mean score'))
    expect(ofLevels).toHaveLength(levels)
    expect(ofLevels[0]).toContain('mean score –')
    expect(ofLevels[2]).toContain('There is no rush at all today.')
    expect(textOf(html)).toContain('it refused')
    expect(textOf(html)).toContain('24 unscored')
  })

  test('loads nothing, runs nothing, and shows hostile text as text', () => {
    const hostile =
      '</details><script>alert(1)</script><img src="https://example.org/x" onerror=alert(2)> {{7*7}} \u202e'
    const parts = partsOf(truth, { answer: hostile })
    const html = experimentReport({
      ...parts,
      trait: {
        ...parts.trait,
        description: hostile,
        ladder: parts.trait.ladder.map(step => ({ ...step, prompt: hostile })),
      },
      summary: { ...parts.summary, judge: hostile, model: hostile, vector: hostile, layerReason: hostile },
      provenance: [{ name: hostile, value: hostile }],
      data: { ...parts.data, conditions: parts.data.conditions.map(row => ({ ...row, questionText: hostile })) },
    })
    const { document } = parseHTML(html)
    const active = 'script, img, iframe, object, embed, link, [onerror], [onload], form'
    expect(document.querySelectorAll(active).length).toBe(0)
    expect(html).not.toMatch(/<script|<img|\u202e/)
    expect(
      [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(match => match[1]).filter(url => !url!.startsWith('#')),
    ).toEqual([])
    expect(html).not.toMatch(/url\(|@import/)
    expect(html).toContain('&lt;script&gt;')
    const svg = experimentScatterSvg({ ...parts, summary: { ...parts.summary, model: hostile, judge: hostile } })
    expect(svg).not.toMatch(/<script|<img|\u202e/)
  })

  test('is the same for the same parts', () => {
    expect(experimentReport(partsOf(truth))).toBe(experimentReport(partsOf(truth)))
  })
})

describe('the summary', () => {
  const { summary } = partsOf(truth)

  test('has exactly the documented keys', () => {
    expect(Object.keys(summary)).toEqual([
      'model',
      'trait',
      'vector',
      'layer',
      'layerReason',
      'steeringLayer',
      'judge',
      'unfiltered',
      'pairsKept',
      'pairsPlanned',
      'separationAuc',
      'samplesPerCondition',
      'conditions',
      'answers',
      'unscoredAnswers',
      'resamplesExtraction',
      'settings',
      'steering',
      'correlation',
      'baselines',
      'forecaster',
      'levels',
      'calibration',
      'verdict',
      'seconds',
    ])
    expect(Object.keys(summary.steering[0]!)).toEqual(['dose', 'coefficient', 'meanScore', 'low', 'high', 'perplexity'])
    expect(Object.keys(summary.correlation)).toEqual([
      'perAnswer',
      'perCondition',
      'withinLevel',
      'withinQuestion',
      'interaction',
      'partialWithinLevel',
      'spearman',
      'permutationP',
      'reliability',
      'correctedR',
      'randomDirectionAbsR95',
      'randomDirectionAbsWithinLevelR95',
      'byLayer',
    ])
    for (const estimate of [summary.correlation.perAnswer, summary.correlation.perCondition])
      expect(Object.keys(estimate!)).toEqual(['n', 'r', 'low', 'high'])
    expect(Object.keys(summary.correlation.reliability)).toEqual(['single', 'mean'])
    expect(Object.keys(summary.correlation.byLayer[0]!)).toEqual(['layer', 'perCondition', 'withinLevel'])
  })

  test('says what it was measured with', () => {
    expect(summary).toMatchObject({
      model: 'fake',
      layer: 1,
      layerReason: 'it tells best',
      separationAuc: 0.91,
      pairsKept: 3,
      samplesPerCondition: 3,
      conditions: 24,
      answers: 72,
      resamplesExtraction: true,
      steering: [
        { dose: -0.1, coefficient: -1, meanScore: 40.5 },
        { dose: 0, coefficient: 0, meanScore: 50.5 },
      ],
    })
  })

  test('has null where nothing is defined, so that JSON keeps every key', () => {
    const nothing = partsOf({ ...truth, project: () => 1, baseline: () => 1 }).summary
    const back = JSON.parse(JSON.stringify(nothing))
    expect(back).toEqual(nothing)
    expect(Object.keys(back.correlation)).toEqual(Object.keys(summary.correlation))
    expect(back.correlation).toMatchObject({ perCondition: null, permutationP: null, correctedR: null })
  })
})

describe('the rows as CSV', () => {
  test('are one line an answer, in full precision, with nothing where there is no score', () => {
    const { data } = partsOf({
      ...truth,
      score: (_, projection, __, sample) => (sample === 1 ? undefined : projection),
    })
    const [header, ...lines] = answersToCsv(data.rows).trimEnd().split('\n')
    expect(header).toBe('level,question,sample,projection,the text,score')
    expect(lines).toHaveLength(72)
    const cells = lines.map(line => line.split(','))
    expect(cells.filter(row => row[5] === '')).toHaveLength(24)
    for (const [level, question, sample, projection, text, score] of cells) {
      const condition = (Number(level) + 1) * 8 + Number(question)
      expect(Number(projection)).toBe(data.rows.projections[1]![condition])
      expect(Number(text)).toBe(data.rows.baselines[0]!.values[condition])
      if (sample !== '1') expect(Number(score)).toBe(data.rows.projections[1]![condition])
    }
  })
})

describe('the calibration', () => {
  const loaded = (parts: ReportParts): LoadedTrait => ({ trait: parts.trait, path: 'none', hash: 'now' })
  const calibrationOf = (parts: ReportParts) =>
    calibrate({
      ...parts,
      trait: loaded(parts),
      model: new FakeEngine().model,
      judge: 'lexicon:sentiment',
      layer: 1 as Layer,
      settings,
      personascopeVersion: '1',
      createdAt: 'then',
    })

  test('is what was fitted, and all it is conditional on', () => {
    const parts = partsOf({
      ...truth,
      // The highest condition has no score: nothing was fitted on it.
      project: (condition, draw) =>
        condition.step === 2 && condition.question === 7 ? 99 : truth.project(condition, draw),
      score: (condition, projection, draw) =>
        projection === 99 ? undefined : truth.score(condition, projection, draw),
    })
    const calibration = calibrationOf(parts)!
    expect(calibration.line).toEqual(parts.analysis.line)
    expect(calibration.range.high).toBeLessThan(20)
    expect(calibration.evidence.r).toBe(parts.analysis.correlation.perCondition!.r)
    expect(calibration.conditionalOn).toMatchObject({
      model: { id: 'fake' },
      trait: { name: 'calm', hash: 'now' },
      layer: 1,
      position: 'prompt_last',
      judge: 'lexicon:sentiment',
      sampling: { temperature: 0.7, maxTokens: 60 },
    })
  })

  test('is not made without evidence', () => {
    const chance = partsOf({ ...truth, seed: 4, project: (_, draw) => draw(), score: (_, __, draw) => 50 + 9 * draw() })
    expect(chance.analysis.line).toBeDefined()
    expect(calibrationOf(chance)).toBeUndefined()
  })
})
