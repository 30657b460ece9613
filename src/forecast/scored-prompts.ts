import type { ForecastRows } from './evaluate-forecast.ts'

/** Scored answers of prompts that a forecaster can be asked about. */
export interface ScoredPrompts {
  /** In a few words. */
  readonly source: string
  readonly rows: Omit<ForecastRows, 'baselines'>
  /** What differs from the forecaster's training. */
  readonly differences: readonly string[]
}
