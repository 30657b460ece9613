/**
 * The other side of `Contender`: a process that says it is ready, then does the work once for each line on standard
 * input and answers with the seconds it took, each as a line of JSON.
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Workload } from './workload.ts'

/** What a contender process is told when it is started, as a file. */
export interface Job extends Workload {
  readonly model: string
  /** The GGUF file that all contenders compute with; empty for those that find it. */
  readonly weightsPath: string
}

/** How one round is to be done. */
export interface RoundOptions {
  readonly steered: boolean
  /** How many of the sequences, from the first one on. */
  readonly sequences: number
}

export function readJob(): Job {
  return JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Job
}

/** What came of a round, where there is more to say than that it was done. */
export interface RoundOutcome {
  /** How much of the work was done: the seconds told are those of the whole at this rate. */
  readonly share: number
  readonly facts: Readonly<Record<string, number | readonly number[]>>
}

/**
 * @param about goes into the report
 * @param round does the work once
 */
export async function serveRounds(
  about: object,
  round: (options: RoundOptions) => void | Promise<void> | Promise<RoundOutcome>,
): Promise<void> {
  say(about)
  for await (const line of createInterface({ input: process.stdin })) {
    const start = performance.now()
    const outcome = await round(JSON.parse(line) as RoundOptions)
    const seconds = (performance.now() - start) / 1000
    say(outcome ? { seconds: seconds / outcome.share, facts: outcome.facts } : { seconds })
  }
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
