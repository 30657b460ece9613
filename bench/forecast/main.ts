/**
 * What a forecaster is worth, from runs that are finished: evaluates it on experiments, fits it again on fewer questions
 * (the learning curve) and on shuffled scores, and writes reports and `curve.json`.
 *
 * node bench/forecast/main.ts --workspace W --out FOLDER --set NAME=RUN [--set NAME=RUN ...] [--trait joyful]
 */
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chooseReadouts } from '../../src/forecast/choose-readout.ts'
import { readableLayers, readLayers } from '../../src/forecast/collect-answers.ts'
import { evaluateForecast } from '../../src/forecast/evaluate-forecast.ts'
import { fitForecaster, readoutOptions, shuffleScores, type TrainingRows } from '../../src/forecast/fit-forecaster.ts'
import { createLexiconJudge } from '../../src/judge/lexicon-judge.ts'
import { createRandom, deriveSeed } from '../../src/numeric/random.ts'
import { shuffle } from '../../src/numeric/shuffle.ts'
import { writeJsonFile } from '../../src/store/json-file.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import type { Forecaster } from '../../src/vector/forecaster.ts'
import { forecasterPath } from '../../src/vector/forecaster-file.ts'
import { evaluateForecaster } from '../../src/workbench/evaluate-forecaster.ts'
import { forecastExperiment, readExperimentPlan } from '../../src/workbench/forecast-experiment.ts'
import { loadForecaster } from '../../src/workbench/load-forecaster.ts'
import { readTraining } from '../../src/workbench/train-forecaster.ts'

const { values } = parseArgs({
  options: {
    workspace: { type: 'string' },
    out: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    trait: { type: 'string', default: 'joyful' },
    model: { type: 'string', default: 'smollm2-135m-instruct' },
    shuffles: { type: 'string', default: '20' },
  },
})
const workspace = openWorkspace(values.workspace)
const out = values.out!
const event = 50
const curveQuestions = [15, 30, 60, 120]

const forecaster = await loadForecaster(values.trait, workspace, values.model)
const { model, training: facts } = forecaster.provenance
const known = await readTraining(forecaster, workspace)
if (!known) throw new Error('the run of the training is not in this workspace')
const { set, indices, rows } = known
const layers = readableLayers(model.blockCount)
const sets = await Promise.all(
  values.set.map(async text => {
    const [name, run] = text.split('=') as [string, string]
    return { name, experiment: await readExperimentPlan(workspace.runs, run) }
  }),
)

await mkdir(out, { recursive: true })
await copyFile(forecasterPath(workspace.vectors, values.model, values.trait), join(out, `${values.trait}.safetensors`))
for (const { name, experiment } of sets) {
  const scored = await forecastExperiment(forecaster, experiment)
  const judge = createLexiconJudge('sentiment')
  const { finding, reportPath, summaryPath } = await evaluateForecaster({ forecaster, scored, judge, workspace, event })
  await copyFile(reportPath, join(out, `${name}-report.html`))
  await copyFile(summaryPath, join(out, `${name}-summary.json`))
  console.log(`${name}: ${finding}`)
}

/** The correlations of a readout on every set. */
async function measure(readout: Forecaster) {
  const measured: Record<string, unknown> = {}
  for (const { name, experiment } of sets) {
    const { rows: own } = await forecastExperiment(readout, experiment)
    const { perPrompt, withinSystemPrompt } = evaluateForecast(
      readout,
      { ...own, baselines: [] },
      { seed: 0, event },
    ).forecaster
    measured[name] = { perPrompt, withinSystemPrompt }
  }
  return measured
}

const curve = []
for (const questions of curveQuestions) {
  const random = createRandom(deriveSeed(facts.seed, `results/curve/${questions}`))
  const kept = new Set(shuffle([...new Set(Array.from(rows.questions))], random).slice(0, questions))
  const places = Int32Array.from(rows.scores.keys()).filter(row => kept.has(rows.questions[row]!))
  const fitted = await fitForecaster(
    wanted =>
      readLayers(
        set,
        wanted,
        places.map(row => indices[row]!),
        model.hiddenSize,
      ),
    takeTrainingRows(rows, places),
    { layers, seed: facts.seed },
  )
  const { layer, penalty, evidence } = fitted
  const on = await measure({ ...forecaster, ...fitted })
  curve.push({ questions, answers: places.length, layer, penalty, heldOutR: evidence.withinPromptR, on })
  console.log(JSON.stringify(curve.at(-1)))
}
const { layer, provenance } = forecaster
const { withinPromptR: heldOutR } = provenance.evidence
const [questions, answers, penalty] = [facts.questions.length, facts.answers, facts.penalty]
curve.push({ questions, answers, layer, penalty, heldOutR, on: await measure(forecaster) })

const shuffled = Array.from(
  { length: Number(values.shuffles) },
  (_, index) => shuffleScores(rows, deriveSeed(facts.seed, `results/shuffle/${index}`)).scores,
)
const controls = await chooseReadouts(
  readLayers(set, layers, indices, model.hiddenSize),
  rows,
  shuffled,
  readoutOptions(facts.seed),
)
const shuffles = []
for (const control of controls) {
  if (!control) continue
  const on = await measure({
    ...forecaster,
    layer: control.layer,
    direction: Float32Array.from(control.direction),
    intercept: control.intercept,
  })
  shuffles.push({ layer: control.layer, penalty: control.penalty, heldOutR: control.withinPromptR, on })
  console.log(JSON.stringify(shuffles.at(-1)))
}
await writeJsonFile(join(out, 'curve.json'), { curve, shuffles })

function takeTrainingRows({ scores, systemPrompts, questions: asked, pairs }: TrainingRows, places: Int32Array) {
  const at = (of: ArrayLike<string | number>) => Array.from(places, row => of[row]!)
  return {
    scores: Float64Array.from(places, row => scores[row]!),
    systemPrompts: at(systemPrompts),
    questions: at(asked),
    pairs: at(pairs) as number[],
  }
}
