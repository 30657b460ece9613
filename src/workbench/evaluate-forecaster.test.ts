import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLexiconJudge } from '../judge/lexicon-judge.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import type { Forecaster } from '../vector/forecaster.ts'
import { evaluateForecaster } from './evaluate-forecaster.ts'
import { forecastExperiment, readExperimentPlan } from './forecast-experiment.ts'
import { forecastLog } from './forecast-log.ts'
import { answerAsForecast, forecastQuestion } from './forecast-question.ts'
import { loadForecaster, usableForecaster } from './load-forecaster.ts'
import { brightTrait, openWordyEngine, runSmallExperiment } from './small-experiment.case.ts'
import { trainForecaster } from './train-forecaster.ts'

const judge = createLexiconJudge('sentiment')

let folder: string
let workspace: Workspace
let forecaster: Forecaster
let experiment: Awaited<ReturnType<typeof readExperimentPlan>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  workspace = openWorkspace(folder)
  const settings = { answers: 240, maxTokens: 6, temperature: 1, seed: 0 }
  await using engine = openWordyEngine()
  await trainForecaster({ engine, judge, trait: brightTrait, workspace, settings })
  forecaster = await loadForecaster('bright', workspace, engine.model.id)
  const { folder: run } = await runSmallExperiment(folder)
  experiment = await readExperimentPlan(workspace.runs, run)
})
afterAll(async () => await rm(folder, { recursive: true }))

describe('evaluating a forecaster', () => {
  test('needs no model for an experiment, and forecasts what the model itself would say of each prompt', async () => {
    const { rows, differences } = await forecastExperiment(forecaster, experiment)
    expect(rows.prompts).toHaveLength(30)
    expect(rows.answers).toHaveLength(90)
    expect(differences).toEqual([expect.stringContaining('temperature 0.7')])
    await using engine = openWordyEngine()
    const { systemPrompt, questionText: question, predicted } = rows.prompts[7]!
    const { expectedScore } = await forecastQuestion(engine, forecaster, { question, systemPrompt })
    expect(expectedScore).toBeCloseTo(Math.min(100, Math.max(0, predicted)), 3)
  })

  test('stands beside both text baselines, with intervals, and writes report and summary', async () => {
    const scored = await forecastExperiment(forecaster, experiment)
    const { evaluation, reportPath, summaryPath, finding } = await evaluateForecaster({
      forecaster,
      scored,
      judge,
      workspace,
      event: 50,
    })
    expect(evaluation).toMatchObject({ answers: 90, prompts: 30, systemPrompts: 5, questions: 6 })
    expect(evaluation.baselines.map(({ name }) => name)).toContain('n-grams of the prompt')
    const [report, summary] = [await readFile(reportPath, 'utf8'), JSON.parse(await readFile(summaryPath, 'utf8'))]
    expect(report).toContain('Beside the text alone')
    expect(summary.finding).toBe(finding)
    expect(summary.provenance.judge).toBe('lexicon:sentiment')
  })

  test('an experiment reads it beside the vector, and writes what it is worth into its own run', async () => {
    const finished = await runSmallExperiment(folder, { experiment: { forecaster } })
    const { summary, reportPath, forecastPath } = finished
    const { rows } = await forecastExperiment(forecaster, experiment)
    expect(summary.forecaster!.layer).toBe(forecaster.layer)
    const evaluation = JSON.parse(await readFile(join(finished.folder, 'forecast.json'), 'utf8')).evaluation
    expect(evaluation.prompts).toBe(rows.prompts.length)
    expect(evaluation.forecaster.perPrompt.value).toBeCloseTo(summary.forecaster!.perCondition!.r, 10)
    expect(evaluation.forecaster.withinSystemPrompt.value).toBeCloseTo(summary.forecaster!.withinLevel!.r, 10)
    expect(await readFile(reportPath, 'utf8')).toContain(`trained forecaster, layer ${forecaster.layer}`)
    expect(await readFile(forecastPath!, 'utf8')).toContain('Beside the text alone')
  })

  test('one without evidence, or of another judge, is not used, and it is said why', async () => {
    await using engine = openWordyEngine()
    const { verdict } = forecaster.provenance.evidence
    const usable = (judged: typeof judge) => usableForecaster('bright', workspace, engine.model, { judge: judged })
    const { unusable } = await usable(createLexiconJudge('negative-sentiment'))
    expect(unusable).toMatch(verdict === 'evidence' ? /another judge/ : /told nothing/)
    expect(await usableForecaster('evil', workspace, engine.model)).toEqual({})
  })

  test('a log of the same answers gives the same forecasts and coverage', async () => {
    const scored = await forecastExperiment(forecaster, experiment)
    const lines = scored.rows.answers.map(({ prompt, score }) => {
      const { systemPrompt: system, questionText: question } = scored.rows.prompts[prompt]!
      return JSON.stringify({ system, question, answer: 'Well.', score })
    })
    const path = join(folder, 'log.jsonl')
    await writeFile(path, [...lines, '{"question": "Unscored?", "answer": "Yes."}', 'no json'].join('\n'))
    await using engine = openWordyEngine()
    const log = await forecastLog(forecaster, engine, path)
    expect(log.rows.answers.map(({ score }) => score)).toEqual(scored.rows.answers.map(({ score }) => score))
    const predictedOf = ({ rows: { prompts, answers } }: typeof scored) =>
      answers.map(({ prompt }) => prompts[prompt]!.predicted)
    const expected = predictedOf(scored)
    for (const [index, predicted] of predictedOf(log).entries()) expect(predicted).toBeCloseTo(expected[index]!, 3)
    expect(log.differences.join()).toContain('1 rows: has no number 0..100 in score')
  })

  test('turns on topics of the training are refused by name, or left out where that is asked for', async () => {
    const path = join(folder, 'overlap.jsonl')
    const trained = forecaster.provenance.training.questions[0]!
    const turns = [trained, 'Where do rivers end?'].map(question => ({ question, answer: 'Well.', score: 50 }))
    await writeFile(path, turns.map(turn => JSON.stringify(turn)).join('\n'))
    await using engine = openWordyEngine()
    await expect(forecastLog(forecaster, engine, path)).rejects.toThrow(trained)
    const { rows, differences } = await forecastLog(forecaster, engine, path, { skipOverlap: true })
    expect(rows.prompts.map(({ questionText }) => questionText)).toEqual(['Where do rivers end?'])
    expect(differences.join()).toContain('1 turns')
  })

  test('another judge, another model, an empty log and an unknown forecaster are refused', async () => {
    const scored = await forecastExperiment(forecaster, experiment)
    const other = createLexiconJudge('negative-sentiment')
    const evaluated = evaluateForecaster({ forecaster, scored, judge: other, workspace, event: 50 })
    await expect(evaluated).rejects.toThrow(/another judge/)
    const { provenance } = forecaster
    const model = { ...provenance.model, fileHash: 'other' }
    const foreign = { ...forecaster, provenance: { ...provenance, model } }
    await expect(forecastExperiment(foreign, experiment)).rejects.toThrow(/another model/)
    const path = join(folder, 'empty.jsonl')
    await writeFile(path, '\n')
    await using engine = openWordyEngine()
    await expect(forecastLog(forecaster, engine, path)).rejects.toThrow(/Nothing to evaluate/)
    await expect(loadForecaster('evil', workspace, engine.model.id)).rejects.toThrow(/There are: bright/)
  })
})

test('answers to a forecast question are drawn as in the training, each with its score', async () => {
  await using engine = openWordyEngine()
  const asked = { question: 'Where do rivers end?', systemPrompt: 'AAAA' }
  const draw = async () => {
    const replies = []
    for await (const reply of answerAsForecast(engine, forecaster, asked, { judge, answers: 3, seed: 1 }))
      replies.push(reply)
    return replies
  }
  const replies = await draw()
  expect(replies.map(({ judgement }) => judgement!.expression.status)).toEqual(['scored', 'scored', 'scored'])
  expect(await draw()).toEqual(replies)
})
