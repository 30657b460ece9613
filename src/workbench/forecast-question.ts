import type { ChatMessage } from '../chat/message.ts'
import type { Engine } from '../engine/contract/engine.ts'
import type { Judge, Judgement } from '../judge/judge.ts'
import { deriveSeed } from '../numeric/random.ts'
import {
  assertForecasts,
  assertForecastsJudge,
  type Forecast,
  type Forecaster,
  forecastModelOf,
  forecastOf,
  predictScore,
} from '../vector/forecaster.ts'

export interface ForecastQuestion {
  readonly question: string
  readonly systemPrompt?: string
}

/** What the model is shown of it. */
function messagesOf({ question, systemPrompt }: ForecastQuestion): ChatMessage[] {
  return [
    ...(systemPrompt === undefined ? [] : [{ role: 'system', content: systemPrompt } as const]),
    { role: 'user', content: question },
  ]
}

/**
 * The score to expect of an answer, from the last prompt token alone: nothing is written.
 * @throws FORECASTER_MISMATCH, what the engine throws
 */
export async function forecastQuestion(
  engine: Engine,
  forecaster: Forecaster,
  asked: ForecastQuestion,
  signal?: AbortSignal,
): Promise<Forecast> {
  assertForecasts(forecaster, forecastModelOf(engine.model))
  const { activations } = await engine.forward(
    { prompt: { messages: messagesOf(asked) }, capture: { layers: [forecaster.layer], promptLast: true } },
    signal ? { signal } : {},
  )
  return forecastOf(forecaster, predictScore(forecaster, activations!.promptLast!))
}

export interface ScoredReply {
  readonly answer: string
  /** Undefined without a judge. */
  readonly judgement: Judgement | undefined
}

/** Answers drawn as those the forecaster learned from, one after the other as they are wanted, each with its score. */
export async function* answerAsForecast(
  engine: Engine,
  forecaster: Forecaster,
  asked: ForecastQuestion,
  options: {
    readonly judge: Judge | undefined
    readonly answers: number
    readonly seed: number
    readonly signal?: AbortSignal
  },
): AsyncGenerator<ScoredReply> {
  const { judge, answers, seed, signal } = options
  if (judge) assertForecastsJudge(forecaster, judge)
  const { temperature, maxTokens } = forecaster.provenance.sampling
  for (let sample = 0; sample < answers; sample++) {
    const { text: answer } = await engine.generate(
      {
        prompt: { messages: messagesOf(asked) },
        maxTokens,
        sampling: { temperature, seed: deriveSeed(seed, `forecast/answer/${sample}`) },
        ...(engine.model.chatTemplate?.thinking === 'always' && { answerAfter: '</think>' }),
      },
      signal ? { signal } : {},
    )
    const [judgement] = !judge ? [] : await judge.score([{ question: asked.question, answer }])
    yield { answer, judgement }
  }
}
