/** What the probes of watched traits say of an answer. */
import type { TraitForecast, TraitReading } from '../contract/personascope-field.ts'
import type { Probe, Reading } from '../engine/contract/capture.ts'
import { forecastFrom } from '../vector/calibration.ts'
import { type Forecast, forecastOf, scoreOfProjection } from '../vector/forecaster.ts'
import type { ResponseBaseline, WatchedTrait } from './watched-trait.ts'

/** The probe that watches a trait. */
export function probeOf({ name, layer, direction }: WatchedTrait): Probe {
  return { name, layer, direction }
}

/** The probes of a trait whose answers are forecast: its own, and that of its forecaster where there is one. */
export function forecastProbesOf(trait: WatchedTrait): Probe[] {
  const { name, forecaster } = trait
  if (!forecaster) return [probeOf(trait)]
  const { layer, direction } = forecaster
  return [probeOf(trait), { name: forecastProbe(name), layer, direction, positions: 'prompt_last' }]
}

/** No trait's name has a space. */
const forecastProbe = (trait: string) => `forecast of ${trait}`

/** The projections at the last prompt token, by the name of the probe. */
export function promptLastOf(readings: readonly Reading[]): Record<string, number> {
  return Object.fromEntries(readings.map(({ name, prompt }) => [name, prompt.at(-1) ?? Number.NaN]))
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
 * What to expect of an answer before it is written, for the traits that have a forecaster or, without one, a calibration.
 * @param promptLast projections at the last prompt token, by the name of the probe
 */
export function forecastAnswer(
  traits: readonly WatchedTrait[],
  promptLast: Readonly<Record<string, number>>,
): Record<string, TraitForecast> {
  return Object.fromEntries(
    traits.flatMap(trait => {
      const forecast = forecastTrait(trait, promptLast)
      return forecast ? [[trait.name, forecast]] : []
    }),
  )
}

function forecastTrait(
  { name, forecaster, calibration }: WatchedTrait,
  promptLast: Readonly<Record<string, number>>,
): TraitForecast | undefined {
  const projection = promptLast[forecaster ? forecastProbe(name) : name]
  if (projection === undefined || !Number.isFinite(projection)) return undefined
  if (forecaster) {
    const forecast = forecastOf(forecaster, scoreOfProjection(forecaster, projection))
    const { judge, sampling } = forecaster.provenance
    return toTraitForecast('forecaster', forecast, { judge, layer: forecaster.layer, ...sampling })
  }
  if (!calibration) return undefined
  const { judge, layer, sampling } = calibration.conditionalOn
  return toTraitForecast('calibration', forecastFrom(calibration, projection), { judge, layer, ...sampling })
}

function toTraitForecast(
  method: TraitForecast['method'],
  { expectedScore, expectedInterval, answerInterval, inRange }: Forecast,
  conditionalOn: TraitForecast['conditionalOn'],
): TraitForecast {
  const [expectedLow, expectedHigh] = [expectedInterval?.low ?? null, expectedInterval?.high ?? null]
  return { method, expectedScore, expectedLow, expectedHigh, ...answerInterval, inRange, conditionalOn }
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
