/** What Linux says of processes, in /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

export function isRunning(processId: number): boolean {
  // A zombie has ended; its parent has only not asked yet.
  return existsSync(`/proc/${processId}`) && statusOf(processId, 'State')?.startsWith('Z') === false
}

/** The processes that this one started and that still run. */
export function childrenOf(processId: number): number[] {
  return allProcesses().filter(id => statusOf(id, 'PPid') === String(processId) && isRunning(id))
}

/** The processes whose environment holds this text. */
export function processesWith(environment: string): number[] {
  return allProcesses().filter(id => read(id, 'environ').includes(environment) && isRunning(id))
}

/** Bytes in memory; the most there ever were with `peak`. */
export function memoryOf(processId: number, { peak = false } = {}): number {
  return Number.parseInt(statusOf(processId, peak ? 'VmHWM' : 'VmRSS') ?? '0', 10) * 1024
}

/** Processor time used so far, in ticks of 10 ms. */
export function processorTicks(processId: number): number {
  const fields = read(processId, 'stat')
    .replace(/^.*\) /, '')
    .split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** Waits until a condition holds. Throws with the complaint where it does not in time. */
export async function waitUntil(holds: () => boolean, complaint: string, timeoutMs = 20_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !holds(); ) {
    if (Date.now() > end) throw new Error(`${complaint} after ${timeoutMs / 1000} s`)
    await pause(20)
  }
}

function allProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

function statusOf(processId: number, field: string): string | undefined {
  return new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(read(processId, 'status'))?.[1]
}

function read(processId: number, file: string): string {
  try {
    return readFileSync(`/proc/${processId}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
