import { PersonascopeError } from '../errors/personascope-error.ts'
import { normalised, topicStems } from '../trait/words.ts'

/** A question to measure on that a forecaster has learned from. */
export interface SharedTopic {
  readonly measured: string
  readonly trained: string
}

/** From this share of its topic words on, the shorter one of two questions is about what the other is about. */
const sameTopic = 0.6

const namedAtOnce = 3

/** The questions to measure on that are training questions again, or about the same, each with the first such one. */
export function sharedTopics(measured: readonly string[], trained: readonly string[]): SharedTopic[] {
  const known = trained.map(text => ({ text, plain: normalised(text), topic: topicStems(text) }))
  return [...new Set(measured)].flatMap(text => {
    const [plain, topic] = [normalised(text), topicStems(text)]
    const other = known.find(one => one.plain === plain || shareOf(topic, one.topic) >= sameTopic)
    return other ? [{ measured: text, trained: other.text }] : []
  })
}

/** @throws FORECAST_TOPICS_OVERLAP naming the first of them */
export function assertOtherTopics(measured: readonly string[], trained: readonly string[]): void {
  const shared = sharedTopics(measured, trained)
  if (shared.length === 0) return
  const named = shared
    .slice(0, namedAtOnce)
    .map(pair =>
      normalised(pair.measured) === normalised(pair.trained)
        ? `"${pair.measured}" is one of them`
        : `"${pair.measured}" is about what "${pair.trained}" is about`,
    )
  const more = shared.length - named.length
  const detail = `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
  throw new PersonascopeError('FORECAST_TOPICS_OVERLAP', { detail })
}

function shareOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter(stem => b.has(stem)).length
  return shared / Math.min(a.size, b.size)
}
