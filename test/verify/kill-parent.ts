import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { processesWith, waitUntil } from './processes.ts'
import { count, type Rounds, type Series, type Stage } from './series.ts'

const script = join(import.meta.dirname, '../real/open-and-exit-process.ts')

export const killParent: Series = {
  name: 'kill-parent',
  what: 'kills a program at a random moment between starting its engine and working with it: the engine ends too',
  begin,
}

async function begin({ file, random }: Stage): Promise<Rounds> {
  const processesAtKill: Record<string, number> = {}
  const round = async () => {
    // Inherited by all that the program starts: an orphan keeps it where its parent's id is lost.
    const mark = `PERSONASCOPE_VERIFY=${randomUUID()}`
    const [name, value] = mark.split('=') as [string, string]
    const parent = spawn(process.execPath, [script, file.path], {
      stdio: 'ignore',
      env: { ...process.env, [name]: value },
    })
    const ended = once(parent, 'exit')
    await pause(random.next() * 3000)
    count(processesAtKill, `${processesWith(mark).length} processes`)
    parent.kill('SIGKILL')
    await ended
    await waitUntil(() => processesWith(mark).length === 0, 'an orphan still runs')
  }
  return { round, facts: () => processesAtKill, [Symbol.asyncDispose]: async () => {} }
}
