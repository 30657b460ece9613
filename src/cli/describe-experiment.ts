import type { Estimate } from '../experiment/resampled-correlation.ts'
import type { FinishedExperiment } from '../workbench/run-experiment.ts'
import { formatTable, withInterval } from './format.ts'

/** The outcome of an experiment as text: the correlation beside its controls, the steering curve, where everything is. */
export function describeExperiment({
  summary,
  reportPath,
  summaryPath,
  calibrationPath,
  forecastPath,
}: FinishedExperiment): string {
  const { correlation, baselines, forecaster, verdict, steering } = summary
  const rows = [
    ['persona vector', correlation],
    ...(forecaster ? [[`forecaster, layer ${forecaster.layer}`, forecaster] as const] : []),
    ...baselines.map(baseline => [baseline.name, baseline] as const),
  ] as const
  return [
    verdict.kind === 'evidence'
      ? `The last prompt token at layer ${summary.layer} tells the score of the answer: r = ${estimate(correlation.perCondition)} over ${correlation.perCondition!.n} prompts.`
      : `No evidence that the last prompt token at layer ${summary.layer} tells the score: ${verdict.because.join('; ')}.`,
    '',
    formatTable(
      ['predictor', 'r per prompt', 'within one level', 'within one question'],
      rows.map(([name, of]) => [
        name,
        estimate(of.perCondition),
        estimate(of.withinLevel),
        estimate(of.withinQuestion),
      ]),
    ),
    `Random directions stay below |r| = ${correlation.randomDirectionAbsR95?.toFixed(2) ?? '?'} (95 %); shuffled scores: p = ${correlation.permutationP?.toPrecision(2) ?? '?'}.`,
    `Per single answer r = ${estimate(correlation.perAnswer)}; a mean of ${summary.samplesPerCondition} answers has reliability ${correlation.reliability.mean?.toFixed(2) ?? '?'}.`,
    '',
    formatTable(
      ['dose', 'mean score', '95 %', 'perplexity'],
      steering.map(({ dose, meanScore, low, high, perplexity }) => [
        dose.toFixed(2),
        meanScore?.toFixed(1) ?? '',
        low === null || high === null ? '' : `${low.toFixed(1)} to ${high.toFixed(1)}`,
        perplexity?.toFixed(2) ?? '',
      ]),
    ),
    '',
    `Report       ${reportPath}`,
    `Summary      ${summaryPath}`,
    ...(forecastPath === undefined ? [] : [`Forecaster   ${forecastPath}`]),
    ...(calibrationPath === undefined ? [] : [`Calibration  ${calibrationPath}`]),
  ].join('\n')
}

function estimate(of: Estimate | null): string {
  return of ? withInterval(of.r, of) : '-'
}
