import type { Estimated, PredictorQuality } from '../forecast/evaluate-forecast.ts'
import type { ScoredPrompts } from '../forecast/scored-prompts.ts'
import type { EvaluatedForecaster } from '../workbench/evaluate-forecaster.ts'
import { asPercent, formatTable, withInterval } from './format.ts'

/** The evaluation of a forecaster as text: the finding, the baselines beside it, coverage and early warning. */
export function describeEvaluation(
  { evaluation, finding, reportPath, summaryPath }: EvaluatedForecaster,
  { differences }: ScoredPrompts,
): string {
  const { forecaster, baselines, coverage, warnings, event } = evaluation
  const row = (name: string, of: PredictorQuality) => [
    name,
    estimate(of.perPrompt),
    estimate(of.withinSystemPrompt),
    estimate(of.interaction),
  ]
  const share = (value: number | undefined) => (value === undefined ? '-' : asPercent(value))
  return [
    finding,
    ...differences.map(difference => `Note: ${difference}.`),
    '',
    `${evaluation.answers} answers to ${evaluation.prompts} prompts: ${evaluation.questions} questions under ${evaluation.systemPrompts} system prompts.`,
    '',
    formatTable(
      ['predictor', 'r over all prompts', 'inside one system prompt', 'interaction'],
      [
        row('forecaster', forecaster),
        ...baselines.map(baseline => row(baseline.name, baseline)),
        ...baselines.map(({ name, gain }) => [
          `minus ${name}`,
          estimate(gain.perPrompt),
          estimate(gain.withinSystemPrompt),
          '',
        ]),
      ],
    ),
    '',
    `One answer's 90 % interval holds ${asPercent(coverage.answers.value)} (95 % ${asPercent(coverage.answers.low)} to ${asPercent(coverage.answers.high)}), ${coverage.width.toFixed(1)} wide on average; a constant's ${coverage.constantWidth.toFixed(1)} wide holds ${asPercent(coverage.constantAnswers)}.`,
    '',
    `Warning of answers that score ${event} or more:`,
    formatTable(
      ['from', 'alarms in 1,000', 'precision', 'recall'],
      warnings.map(({ threshold, alarmsPerThousand, precision, recall }) => [
        threshold,
        alarmsPerThousand.toFixed(0),
        share(precision),
        share(recall),
      ]),
    ),
    '',
    `Report   ${reportPath}`,
    `Summary  ${summaryPath}`,
  ].join('\n')
}

function estimate(of: Estimated | undefined): string {
  return of ? withInterval(of.value, of) : '-'
}
