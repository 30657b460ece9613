import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Contender } from './contender.ts'
import type { Contestant } from './contestants.ts'
import { MachineWatch, mostOthersCores, type OthersLoad } from './machine-watch.ts'

/** What one contestant did in all rounds. */
export interface Turns {
  readonly seconds: number[]
  /** What others took of the machine during each of them, in cores. */
  readonly othersCores: number[]
  /** How many turns were done again because others took too much meanwhile. */
  disturbed: number
}

export interface RunOptions {
  readonly rounds: number
  /** Keep turns that others disturbed. */
  readonly force: boolean
  readonly note: (text: string) => void
}

/** A turn is done so many times before a disturbed one is kept. */
const mostTries = 4

/**
 * All contestants take turns, round after round, so that what changes about the machine meets all of them alike.
 * The first round warms up and is not counted.
 */
export async function runRounds(
  entries: readonly { readonly contestant: Contestant; readonly contender: Contender }[],
  { rounds, force, note }: RunOptions,
): Promise<Map<string, Turns>> {
  const turns = new Map<string, Turns>()
  for (const { contestant } of entries) turns.set(contestant.name, { seconds: [], othersCores: [], disturbed: 0 })
  for (let round = 0; round <= rounds; round++) {
    for (const { contestant, contender } of entries) {
      const own = turns.get(contestant.name)!
      const tries = force || round === 0 ? 1 : mostTries
      let { seconds, others } = await takeTurn(contestant, contender)
      for (let tried = 1; tried < tries && others.cores > mostOthersCores; tried++) {
        own.disturbed++
        note(`${contestant.name}: ${describeOthers(others)}; once more`)
        ;({ seconds, others } = await takeTurn(contestant, contender))
      }
      note(
        `round ${round} of ${rounds}${round === 0 ? ' (not counted)' : ''}: ${contestant.name} ${seconds.toFixed(2)} s`,
      )
      if (round === 0) continue
      own.seconds.push(seconds)
      own.othersCores.push(others.cores)
    }
  }
  return turns
}

export function describeOthers({ cores, processes }: OthersLoad): string {
  const names = processes.length > 0 ? ` (${processes.join(', ')})` : ''
  return `others took ${cores.toFixed(2)} cores${names}`
}

async function takeTurn(
  contestant: Contestant,
  contender: Contender,
): Promise<{ seconds: number; others: OthersLoad }> {
  const busy =
    contestant.busy && spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'busy-process.ts')])
  try {
    // Long enough for the busy process to be at full speed, and for threads of the last contestant to fall asleep.
    await pause(500)
    const watch = new MachineWatch()
    const seconds = await contender.round({ steered: contestant.steered ?? false })
    return { seconds, others: watch.stop() }
  } finally {
    if (busy) {
      const ended = new Promise(resolve => busy.once('close', resolve))
      busy.kill('SIGKILL')
      await ended
    }
  }
}
