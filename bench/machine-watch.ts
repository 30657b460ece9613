import { readdirSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'

/** What others took of the machine during some time, in cores. */
export interface OthersLoad {
  readonly cores: number
  /** Who, the busiest first, as "name 0.53". */
  readonly processes: readonly string[]
}

/** Others may take so much of the machine while speed is measured. */
const mostOthersCores = 0.1

interface Task {
  readonly id: number
  readonly parent: number
  readonly name: string
  readonly seconds: number
  /** Its own and that of its children that have ended. */
  readonly secondsWithEnded: number
}

interface Snapshot {
  readonly time: number
  /** Of all cores, taken by whoever: this machine's processes, its kernel, or the host it runs on. */
  readonly busySeconds: number
  readonly tasks: ReadonlyMap<number, Task>
}

/** The kernel counts CPU time in these. */
const ticksPerSecond = 100

/**
 * Watches how much of the machine is taken by anything but this process and those it started. On Linux exactly, from
 * the kernel's accounts; elsewhere by the load average.
 */
export class MachineWatch {
  readonly #before = takeSnapshot()

  /** What others took since the watch began. */
  stop(): OthersLoad {
    const after = takeSnapshot()
    if (!this.#before || !after) return { cores: loadavg()[0]!, processes: [] }
    const seconds = after.time - this.#before.time
    const own = ownSeconds(after) - ownSeconds(this.#before)
    const cores = Math.max(0, (after.busySeconds - this.#before.busySeconds - own) / seconds)
    return { cores, processes: busiestOthers(this.#before, after, seconds) }
  }
}

export async function measureOthers(seconds: number): Promise<OthersLoad> {
  const watch = new MachineWatch()
  await pause(seconds * 1000)
  return watch.stop()
}

/** Whether others leave the machine alone enough to measure speed. */
export function isQuiet({ cores }: Pick<OthersLoad, 'cores'>): boolean {
  return cores <= mostOthersCores
}

export function describeOthers({ cores, processes }: OthersLoad): string {
  const names = processes.length > 0 ? ` (${processes.join(', ')})` : ''
  return `others took ${cores.toFixed(2)} cores${names}`
}

function takeSnapshot(): Snapshot | undefined {
  try {
    const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/)
    const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0, stolen = 0] = ticks.map(Number)
    const busySeconds = (user + nice + system + interrupts + softInterrupts + stolen) / ticksPerSecond
    const tasks = readdirSync('/proc').flatMap(entry => (/^\d+$/.test(entry) ? readTask(entry) : []))
    return { time: performance.now() / 1000, busySeconds, tasks: new Map(tasks.map(task => [task.id, task])) }
  } catch {
    return undefined
  }
}

function readTask(id: string): Task[] {
  try {
    const text = readFileSync(`/proc/${id}/stat`, 'utf8')
    const nameEnd = text.lastIndexOf(')')
    // Fields from the third on: state, parent, ...; the times are fields 14 to 17.
    const fields = text.slice(nameEnd + 2).split(' ')
    const [user, system, endedUser, endedSystem] = fields.slice(11, 15).map(ticks => Number(ticks) / ticksPerSecond)
    const seconds = user! + system!
    return [
      {
        id: Number(id),
        parent: Number(fields[1]),
        name: text.slice(text.indexOf('(') + 1, nameEnd),
        seconds,
        secondsWithEnded: seconds + endedUser! + endedSystem!,
      },
    ]
  } catch {
    // It ended meanwhile.
    return []
  }
}

/** This process and all it started, directly or not. */
function ownTasks({ tasks }: Snapshot): Task[] {
  const isOwn = (task: Task): boolean => {
    if (task.id === process.pid) return true
    const parent = tasks.get(task.parent)
    return parent !== undefined && isOwn(parent)
  }
  return [...tasks.values()].filter(isOwn)
}

function ownSeconds(snapshot: Snapshot): number {
  return ownTasks(snapshot).reduce((sum, task) => sum + task.secondsWithEnded, 0)
}

function busiestOthers(before: Snapshot, after: Snapshot, seconds: number): string[] {
  const own = new Set(ownTasks(after))
  return [...after.tasks.values()]
    .filter(task => !own.has(task))
    .map(task => ({ name: task.name, cores: (task.seconds - (before.tasks.get(task.id)?.seconds ?? 0)) / seconds }))
    .filter(({ cores }) => cores >= 0.02)
    .sort((a, b) => b.cores - a.cores)
    .slice(0, 3)
    .map(({ name, cores }) => `${name} ${cores.toFixed(2)}`)
}
