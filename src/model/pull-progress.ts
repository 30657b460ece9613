/** How far pulling a model has come. */
export interface PullProgress {
  readonly phase: 'download' | 'extract' | 'verify'
  readonly doneBytes: number
  /** undefined where the source does not say. */
  readonly totalBytes: number | undefined
  /** Where it comes from, in words. */
  readonly source: string
}

export interface PullOptions {
  readonly onProgress?: (progress: PullProgress) => void
  /** What was downloaded stays, and is continued by the next pull. */
  readonly signal?: AbortSignal
}
