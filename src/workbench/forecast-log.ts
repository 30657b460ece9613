import { lookAtFile } from '../dataset/dataset-file.ts'
import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { readScoredLog, type ScoredTurn } from '../forecast/read-scored-log.ts'
import type { ScoredPrompts } from '../forecast/scored-prompts.ts'
import { assertOtherTopics, sharedTopics } from '../forecast/shared-topics.ts'
import { partOf } from '../rollout/run-rollouts.ts'
import { stableStringify } from '../store/hash.ts'
import { assertForecasts, type Forecaster, forecastModelOf, predictScore } from '../vector/forecaster.ts'

/**
 * Scored conversations of a file, read by the model up to where each last answer begins.
 * @param options.skipOverlap leave out turns on topics of the training instead of refusing the file
 * @throws FILE_INVALID, FORECASTER_MISMATCH, FORECAST_NOTHING_SCORED, FORECAST_TOPICS_OVERLAP, what the engine throws
 */
export async function forecastLog(
  forecaster: Forecaster,
  engine: Engine,
  path: string,
  options: {
    readonly scoreColumn?: string
    readonly skipOverlap?: boolean
    readonly onProgress?: (done: number, total: number) => void
    readonly signal?: AbortSignal
  } = {},
): Promise<ScoredPrompts> {
  const { onProgress = () => {}, signal } = options
  assertForecasts(forecaster, forecastModelOf(engine.model))
  const log = await readScoredLog(await lookAtFile(path), options.scoreColumn)
  const left = Object.entries(log.leftOut).map(([reason, count]) => `${count} rows: ${reason}`)
  const { kept, dropped } = withoutOverlap(log.turns, forecaster, options.skipOverlap === true)
  if (kept.length === 0)
    throw new PersonascopeError('FORECAST_NOTHING_SCORED', { path, detail: left.join('; ') || 'it has no rows' })
  const { distinct, placeOf } = distinctPrompts(kept)
  const predicted: number[] = []
  for (let part = 0; predicted.length < distinct.length; part++) {
    const results = await engine.forwardAll(
      partOf(distinct, part).map(({ messages }) => ({
        prompt: { messages: [...messages] },
        capture: { layers: [forecaster.layer], promptLast: true },
      })),
      signal ? { signal } : {},
    )
    for (const { activations } of results) predicted.push(predictScore(forecaster, activations!.promptLast!))
    onProgress(predicted.length, distinct.length)
  }
  return {
    source: `the scored conversations of ${path.split('/').at(-1)}`,
    rows: {
      prompts: distinct.map(({ systemPrompt, questionText }, index) => ({
        systemPrompt,
        questionText,
        predicted: predicted[index]!,
      })),
      answers: kept.map(({ score }, index) => ({ prompt: placeOf[index]!, score })),
    },
    differences: [
      'how these answers were drawn is not known; the intervals hold for answers drawn as in the training',
      ...(left.length > 0 ? [`left out: ${left.join('; ')}`] : []),
      ...(dropped > 0 ? [`left out: ${dropped} turns on topics of the training`] : []),
    ],
  }
}

function withoutOverlap(turns: readonly ScoredTurn[], { provenance }: Forecaster, skip: boolean) {
  const { questions } = provenance.training
  const asked = turns.map(({ questionText }) => questionText)
  if (!skip) {
    assertOtherTopics(asked, questions)
    return { kept: turns, dropped: 0 }
  }
  const shared = new Set(sharedTopics(asked, questions).map(({ measured }) => measured))
  const kept = turns.filter(({ questionText }) => !shared.has(questionText))
  return { kept, dropped: turns.length - kept.length }
}

/** Every prompt once, and for each turn which of them it has. */
function distinctPrompts(turns: readonly ScoredTurn[]) {
  const places = new Map<string, number>()
  const distinct: ScoredTurn[] = []
  const placeOf = turns.map(turn => {
    const name = stableStringify(turn.messages)
    const known = places.get(name)
    if (known !== undefined) return known
    places.set(name, distinct.length)
    return distinct.push(turn) - 1
  })
  return { distinct, placeOf }
}
