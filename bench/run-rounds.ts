import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Contender, ContenderRound } from './contender.ts'
import type { RoundOutcome } from './contender-process.ts'
import type { Contestant } from './contestants.ts'
import { describeOthers, isQuiet, MachineWatch, measureOthers, type OthersLoad } from './machine-watch.ts'

export interface Entry {
  readonly contestant: Pick<Contestant, 'name' | 'what' | 'steered' | 'busy' | 'alternativeTo'>
  readonly contender: Contender
  readonly turns: Turns
}

/** What one contestant did in all rounds. */
export interface Turns {
  readonly seconds: number[]
  /** What else each of them told. */
  facts?: RoundOutcome['facts'][]
  /** What others took of the machine during each of them, in cores. */
  readonly othersCores: number[]
  /** How many turns were done again because others took too much meanwhile. */
  redone: number
}

export interface RunOptions {
  readonly rounds: number
  /** How many there are. */
  readonly sequences: number
  /** Neither wait for others nor do again what they disturbed. */
  readonly force: boolean
  readonly note: (text: string) => void
}

/** How many sequences warm a contestant up. */
const warmUpSequences = 4

/** A turn is done so many times before a disturbed one is kept. */
const mostTries = 4

/** How long to wait for others to finish before a turn. */
const mostSecondsToWait = 60

/** A contestant that is to be compared only if it beats another one rests after it took so much longer. */
const hopeless = 2

/**
 * All contestants take turns, round after round, so that what changes about the machine meets all of them alike.
 * @param entries in the order of their turns; their `turns` are filled
 */
export async function runRounds(entries: readonly Entry[], options: RunOptions): Promise<void> {
  const { rounds, note } = options
  for (const { contestant, contender } of entries) {
    if (contestant.busy) continue
    note(`warming up ${contestant.name} ...`)
    await contender.round({ steered: contestant.steered ?? false, sequences: warmUpSequences })
  }
  for (let round = 1; round <= rounds; round++) {
    for (const entry of entries) {
      const rival = entries.find(({ contestant }) => contestant.name === entry.contestant.alternativeTo)
      const enough = hopeless * (rival?.turns.seconds[0] ?? Number.POSITIVE_INFINITY)
      if (entry.turns.seconds.some(seconds => seconds > enough)) continue
      const { seconds, facts, others } = await takeQuietTurn(entry, enough, options)
      entry.turns.seconds.push(seconds)
      if (facts) entry.turns.facts = [...(entry.turns.facts ?? []), facts]
      entry.turns.othersCores.push(others.cores)
      note(`round ${round} of ${rounds}: ${entry.contestant.name} ${seconds.toFixed(2)} s, ${describeOthers(others)}`)
    }
  }
}

/** @param enough a turn that took longer, in seconds, is kept even if others disturbed it */
async function takeQuietTurn(entry: Entry, enough: number, { sequences, force, note }: RunOptions): Promise<Turn> {
  for (let tried = 1; ; tried++) {
    if (!force) await waitUntilQuiet()
    const turn = await takeTurn(entry, sequences)
    if (force || isQuiet(turn.others) || turn.seconds > enough || tried === mostTries) return turn
    note(`${entry.contestant.name} again: ${describeOthers(turn.others)}`)
    entry.turns.redone++
  }
}

async function waitUntilQuiet(): Promise<void> {
  for (let second = 0; second < mostSecondsToWait; second++) if (isQuiet(await measureOthers(1))) return
}

interface Turn extends ContenderRound {
  readonly others: OthersLoad
}

async function takeTurn({ contestant, contender }: Entry, sequences: number): Promise<Turn> {
  const endBusy = contestant.busy ? startBusyProcess() : () => {}
  try {
    // Long enough for the busy process to be at full speed, and for the threads of the last contestant to fall asleep.
    await pause(500)
    const watch = new MachineWatch()
    const round = await contender.round({ steered: contestant.steered ?? false, sequences })
    return { ...round, others: watch.stop() }
  } finally {
    await endBusy()
  }
}

function startBusyProcess(): () => Promise<unknown> {
  const busy = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, 'busy-process.ts')])
  const ended = new Promise(resolve => busy.once('close', resolve))
  return () => {
    busy.kill('SIGKILL')
    return ended
  }
}
