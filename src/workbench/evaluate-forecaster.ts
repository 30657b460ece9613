import { join } from 'node:path'
import { evaluateForecast, type ForecastEvaluation, type ForecastRows } from '../forecast/evaluate-forecast.ts'
import { type ForecastReportParts, forecastFinding, forecastReport } from '../forecast/forecast-report.ts'
import type { ScoredPrompts } from '../forecast/scored-prompts.ts'
import type { Judge } from '../judge/judge.ts'
import { textBaselines } from '../judge/text-baselines.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import { writeJsonFile } from '../store/json-file.ts'
import { openRun } from '../store/run-folder.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import { assertForecastsJudge, type Forecaster } from '../vector/forecaster.ts'
import { fileName } from '../vector/vector-file.ts'
import { readTrainingPrompts } from './train-forecaster.ts'

export interface EvaluateOptions {
  readonly forecaster: Forecaster
  readonly scored: ScoredPrompts
  /** The judge the forecaster learned from; undefined: without the baseline that asks it about prompts. */
  readonly judge: Judge | undefined
  readonly workspace: Workspace
  /** From which score on an answer counts as one to be warned of; from the middle of the scale on unless told. */
  readonly event?: number
  /** Where `forecast.html` and `forecast.json` are written; absent: a run of its own, with report and summary. */
  readonly folder?: string
  readonly seed?: number
  readonly signal?: AbortSignal
}

export interface EvaluatedForecaster {
  readonly evaluation: ForecastEvaluation
  readonly finding: string
  readonly reportPath: string
  readonly summaryPath: string
}

/** From the middle of the scale on, an answer shows the trait. */
export const defaultEvent = 50

/**
 * Says how well a forecaster told scored answers, beside what the text alone tells, and writes summary and report.
 * @throws FORECASTER_MISMATCH where the judge is another, RUN_IN_USE, DISK_FULL, what the judge throws
 */
export async function evaluateForecaster(options: EvaluateOptions): Promise<EvaluatedForecaster> {
  const { forecaster, scored, judge, workspace, event = defaultEvent, seed = 0, signal } = options
  if (judge) assertForecastsJudge(forecaster, judge)
  const { prompts } = scored.rows
  const baselines = await textBaselines(prompts, judge, await readTrainingPrompts(forecaster, workspace), signal)
  const rows: ForecastRows = { ...scored.rows, baselines }
  const evaluation = evaluateForecast(forecaster, rows, { seed, event })
  const parts = { forecaster, rows, evaluation, source: scored.source, differences: scored.differences }
  if (options.folder !== undefined) return await writeEvaluation(options.folder, 'forecast', 'forecast', parts)
  const { provenance, direction, intercept } = forecaster
  const { trait, model } = provenance
  const plan = {
    forecaster: sha256(stableStringify([model, trait, intercept, [...direction]])),
    rows: sha256(stableStringify(scored.rows)),
    event,
    seed,
  }
  const name = `evaluation-${fileName(trait.name)}`
  await using run = await openRun(workspace.runs, 'forecast-evaluation', name, plan)
  return await writeEvaluation(run.path, 'summary', 'report', parts)
}

async function writeEvaluation(
  folder: string,
  summaryName: string,
  reportName: string,
  parts: ForecastReportParts,
): Promise<EvaluatedForecaster> {
  const { forecaster, evaluation, source, differences } = parts
  const { provenance, layer } = forecaster
  const [summaryPath, reportPath] = [join(folder, `${summaryName}.json`), join(folder, `${reportName}.html`)]
  const finding = forecastFinding(parts)
  await writeFileWhole(reportPath, forecastReport(parts))
  await writeJsonFile(summaryPath, { finding, source, differences, evaluation, provenance, layer })
  return { evaluation, finding, reportPath, summaryPath }
}
