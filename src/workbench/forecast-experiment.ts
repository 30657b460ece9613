import { join } from 'node:path'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { type LadderRollout, planConditions } from '../experiment/plan-experiment.ts'
import { readKnownConditions } from '../experiment/read-conditions.ts'
import type { ScoredPrompts } from '../forecast/scored-prompts.ts'
import { assertOtherTopics } from '../forecast/shared-topics.ts'
import { scoreValue } from '../judge/judge.ts'
import { readWords } from '../rollout/rollout-store.ts'
import { readScores } from '../rollout/score-rollouts.ts'
import { readJsonFile } from '../store/json-file.ts'
import type { RunManifest } from '../store/run-folder.ts'
import type { LadderStep, Trait } from '../trait/trait.ts'
import {
  assertForecasts,
  assertForecastsJudge,
  type Forecaster,
  predictScore,
  samplingDifferences,
} from '../vector/forecaster.ts'
import { readScoredRun } from './read-scored-run.ts'

/** What of an experiment's plan is looked at. */
interface ExperimentPlan {
  readonly model: { readonly id: string; readonly fileHash: string; readonly chatTemplateHash?: string }
  readonly trait: Pick<Trait, 'name' | 'evaluationQuestions'> & { readonly ladder: readonly LadderStep[] }
  readonly judge: string
  readonly rubricHash?: string
  readonly settings: { readonly temperature: number; readonly maxTokens: number }
}

/** The model and trait of an experiment's run. Throws RUN_UNKNOWN, FORECAST_NOTHING_SCORED. */
export async function readExperimentPlan(runs: string, nameOrPath: string) {
  const run = await readScoredRun(runs, nameOrPath)
  const manifest = await readJsonFile<RunManifest<ExperimentPlan>>(join(run.path, 'manifest.json'))
  if (manifest?.kind !== 'experiment')
    throw new PersonascopeError('FORECAST_NOTHING_SCORED', { path: run.path, detail: 'it is no experiment' })
  return { run, plan: manifest.plan }
}

/**
 * The conditions of a finished experiment, forecast from the last prompt tokens it kept; no model is needed.
 * @throws RUN_UNKNOWN, FORECASTER_MISMATCH, FORECAST_NOTHING_SCORED, FORECAST_TOPICS_OVERLAP
 */
export async function forecastExperiment(
  forecaster: Forecaster,
  { run, plan }: Awaited<ReturnType<typeof readExperimentPlan>>,
): Promise<ScoredPrompts> {
  const nothing = (detail: string) => new PersonascopeError('FORECAST_NOTHING_SCORED', { path: run.path, detail })
  const { model, judge, rubricHash, settings, trait } = plan
  assertForecasts(forecaster, { ...model, chatTemplateHash: model.chatTemplateHash ?? 'none' })
  const identity = { id: judge, ...(rubricHash !== undefined && { rubricHash }) }
  assertForecastsJudge(forecaster, identity)
  assertOtherTopics(trait.evaluationQuestions, forecaster.provenance.training.questions)
  const judgements = run.set.parts === 0 ? undefined : await readScores(run.set, identity)
  if (!judgements) throw nothing('its answers are not judged yet')
  const conditions = planConditions({ ...trait, ladder: [...trait.ladder] } as Trait)
  const states = await readKnownConditions(run.path, conditions)
  const { layer, direction } = forecaster
  const from = layer * direction.length
  const prompts = conditions.map(({ systemPrompt, questionText }, index) => ({
    systemPrompt,
    questionText,
    predicted: predictScore(forecaster, states[index]!.subarray(from, from + direction.length)),
  }))
  const parts = Array.from({ length: run.set.parts }, (_, part) => readWords<LadderRollout>(run.set, part))
  const answers = (await Promise.all(parts)).flat().flatMap(({ condition: prompt }, index) => {
    const score = scoreValue(judgements[index]?.expression)
    return score === undefined ? [] : [{ prompt, score }]
  })
  if (answers.length === 0) throw nothing('no answer has a score')
  return {
    source: `the experiment ${run.name}`,
    rows: { prompts, answers },
    differences: samplingDifferences(forecaster, settings),
  }
}
