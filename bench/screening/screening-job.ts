import { readFileSync } from 'node:fs'

/** What a contender of the screening bench is told, as a file. */
export interface ScreeningJob {
  readonly model: string
  /** The GGUF file that the reference computes with, in float32; empty for those that find theirs. */
  readonly weightsPath: string
  /** The rows as JSON lines with `prompt` and `response`. */
  readonly datasetPath: string
  /** The same rows as the model sees them, for contenders that do not measure their own tokenising. */
  readonly rowsPath: string
  readonly layer: number
  /** [d] */
  readonly direction: readonly number[]
  /** Where the projections of the last round go, as a JSON array in the order of the rows. */
  readonly projectionsPath: string
  /** The share of the highest rows that `screen --fast` is asked for; absent: every row is read in full. */
  readonly fastShare?: number
}

/** Rows as tokens. */
export interface TokenisedRows {
  /** [rows, prompt and response tokens] */
  readonly tokens: readonly (readonly number[])[]
  /** How many of each row's tokens are the prompt. */
  readonly promptTokens: readonly number[]
}

export function readScreeningJob(): ScreeningJob {
  return JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as ScreeningJob
}

export function readTokenisedRows({ rowsPath }: Pick<ScreeningJob, 'rowsPath'>): TokenisedRows {
  return JSON.parse(readFileSync(rowsPath, 'utf8')) as TokenisedRows
}
