import type { ModelOrigin } from './model-origin.ts'
import type { PullProgress } from './pull-progress.ts'

/** A model file that a source brought to this machine, verified and under its final name. */
export interface FetchedModel {
  readonly path: string
  /** sha256, in hexadecimal. */
  readonly hash: string
  /** Bytes. */
  readonly size: number
  readonly origin: ModelOrigin
}

/** What a source is given to do its work with. */
export interface FetchOptions {
  readonly report: (phase: PullProgress['phase'], doneBytes: number, totalBytes: number | undefined) => void
  readonly signal?: AbortSignal | undefined
}
