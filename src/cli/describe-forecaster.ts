import type { TrainedForecaster } from '../workbench/train-forecaster.ts'
import { formatDuration, formatTable, withInterval } from './format.ts'

/** A trained forecaster as text: whether it tells anything, how wide its intervals are, what more questions bring. */
export function describeForecaster({ forecaster, path, runPath, reusedAnswers, seconds }: TrainedForecaster): string {
  const { layer, answerWidths, expectedWidths, constantHalfWidth, provenance } = forecaster
  const { training, evidence, trait, judge, sampling } = provenance
  const { withinPromptR, low, high, confidence, r, learningCurve } = evidence
  const interval = `${withInterval(withinPromptR, { low, high })} at ${(confidence * 100).toFixed(1)} %`
  return [
    evidence.verdict === 'evidence'
      ? `The last prompt token at layer ${layer} tells how ${trait.name} single answers will be, inside one system prompt too: r = ${interval}; over all prompts ${r.toFixed(2)}.`
      : `No evidence that the last prompt token tells how ${trait.name} an answer will be inside one system prompt: r = ${interval}. Servers do not use this forecaster.`,
    'Both by fits that knew neither the system prompt nor the question.',
    ...(training.shuffled ? ['Trained on shuffled scores, as a control.'] : []),
    '',
    `Learned from    ${training.answers} answers (${reusedAnswers} from before, ${training.unscored} unscored): ${training.questions.length} questions, ${training.systemPrompts} system prompts`,
    `Holds for       ${judge}, temperature ${sampling.temperature}, answers of at most ${sampling.maxTokens} tokens`,
    `One answer      within ${answerWidths.overall.toFixed(1)} points of the forecast in 90 % of cases; a constant forecast: ${constantHalfWidth.toFixed(1)}`,
    `Mean of many    ${expectedWidths ? `within ${expectedWidths.overall.toFixed(1)} points` : 'not known: too few prompts were asked twice'}`,
    '',
    formatTable(
      ['questions', 'r within a prompt'],
      learningCurve.map(point => [point.questions, point.withinPromptR.toFixed(2)]),
    ),
    '',
    `Forecaster  ${path}`,
    `Run         ${runPath}`,
    `Time        ${formatDuration(seconds)}`,
  ].join('\n')
}
