/** What the probes of watched traits say of an answer. */
import type { TraitForecast, TraitReading } from '../contract/personascope-field.ts'
import type { Probe, Reading } from '../engine/contract/capture.ts'
import { forecastFrom } from '../vector/calibration.ts'
import type { ResponseBaseline, WatchedTrait } from './watched-trait.ts'

/** The probe that watches a trait. */
export function probeOf({ name, layer, direction }: WatchedTrait): Probe {
  return { name, layer, direction }
}

/**
 * The reading of each trait, by its name.
 * @param readings the answer's, one for each trait
 */
export function readAnswer(
  traits: readonly WatchedTrait[],
  readings: readonly Reading[],
): Record<string, TraitReading & { readonly tokens: number[] }> {
  const ofTrait = new Map(readings.map(reading => [reading.name, reading]))
  return Object.fromEntries(
    traits.flatMap(({ name, layer, baseline }) => {
      const reading = ofTrait.get(name)
      if (!reading) return []
      const responseMean = meanOf(reading.response)
      return [
        [
          name,
          {
            layer,
            promptLast: finite(reading.prompt.at(-1)),
            responseMean,
            ...placeAmong(baseline, responseMean),
            tokens: [...reading.response],
          },
        ],
      ]
    }),
  )
}

/**
 * What to expect of an answer before it is written, for the traits that have a calibration.
 * @param promptLast projections at the last prompt token, by trait
 */
export function forecastAnswer(
  traits: readonly WatchedTrait[],
  promptLast: Readonly<Record<string, number>>,
): Record<string, TraitForecast> {
  return Object.fromEntries(
    traits.flatMap(({ name, calibration }) => {
      const projection = promptLast[name]
      if (!calibration || projection === undefined || !Number.isFinite(projection)) return []
      const { expectedScore, answerInterval, inRange } = forecastFrom(calibration, projection)
      const { judge, layer, sampling } = calibration.conditionalOn
      return [[name, { expectedScore, ...answerInterval, inRange, conditionalOn: { judge, layer, ...sampling } }]]
    }),
  )
}

function placeAmong(
  baseline: ResponseBaseline | undefined,
  value: number | null,
): Pick<TraitReading, 'z' | 'percentile'> {
  if (!baseline || value === null) return { z: null, percentile: null }
  const { mean, sd, values } = baseline
  const below = values.filter(other => other < value).length
  const same = values.filter(other => other === value).length
  const percentile = values.length === 0 ? null : (100 * (below + same / 2)) / values.length
  return { z: (value - mean) / sd, percentile }
}

function meanOf(values: Float32Array): number | null {
  if (values.length === 0) return null
  let sum = 0
  for (const value of values) sum += value
  return finite(sum / values.length)
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
