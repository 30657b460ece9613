import type { Worker } from 'node:worker_threads'
import { prefixKey } from '../worker/prefix-key.ts'
import { tokensNeeded } from '../worker/slot-shape.ts'
import type { Work, WorkItem } from '../worker/work.ts'
import type { ToWorker } from './context-worker.ts'

/** How much busier a worker may be and still get a request whose prompt's beginning it knows. */
const affinityAllowance = 4

/** Hands work to the workers: single requests where there is room, groups in equal parts. */
export class Dispatcher {
  readonly #workers: readonly Worker[]
  /** Unfinished requests by worker. */
  readonly #loads: number[]
  readonly #workerOf = new Map<number, number>()
  /** Which worker read a prompt's beginning last. */
  readonly #knownPrefixes = new Map<string, number>()

  constructor(workers: readonly Worker[]) {
    this.#workers = workers
    this.#loads = workers.map(() => 0)
  }

  dispatch(work: Work): void {
    if (work.kind === 'single') return this.#send(this.#workerFor(work.item), work)
    for (const [worker, items] of splitEvenly(work.items, this.#workers.length).entries()) {
      if (items.length > 0) this.#send(worker, { kind: 'group', items })
    }
  }

  /** To be called when a request has ended, however it did. */
  ended(id: number): void {
    const worker = this.#workerOf.get(id)
    if (worker === undefined) return
    this.#workerOf.delete(id)
    this.#loads[worker]!--
  }

  #send(worker: number, work: Work): void {
    const items = work.kind === 'single' ? [work.item] : work.items
    for (const { id } of items) this.#workerOf.set(id, worker)
    this.#loads[worker]! += items.length
    this.#workers[worker]!.postMessage({ type: 'work', work } satisfies ToWorker)
  }

  #workerFor({ request }: WorkItem): number {
    const idlest = this.#loads.indexOf(Math.min(...this.#loads))
    const boundary = request.boundaries.at(-1)
    if (boundary === undefined || this.#workers.length === 1) return idlest
    const key = prefixKey(request, boundary)
    const known = this.#knownPrefixes.get(key)
    const worker =
      known !== undefined && this.#loads[known]! <= this.#loads[idlest]! + affinityAllowance ? known : idlest
    this.#remember(key, worker)
    return worker
  }

  #remember(key: string, worker: number): void {
    this.#knownPrefixes.delete(key)
    this.#knownPrefixes.set(key, worker)
    if (this.#knownPrefixes.size > 1000) this.#knownPrefixes.delete(this.#knownPrefixes.keys().next().value!)
  }
}

/**
 * Neighbouring requests stay together, because neighbours tend to share a prompt's beginning; every part needs about
 * as many tokens. Depends on the requests alone.
 */
export function splitEvenly(items: readonly WorkItem[], parts: number): WorkItem[][] {
  const total = items.reduce((sum, item) => sum + tokensNeeded(item.request), 0)
  const result = Array.from({ length: parts }, (): WorkItem[] => [])
  let before = 0
  for (const item of items) {
    const tokens = tokensNeeded(item.request)
    const part = Math.min(parts - 1, Math.floor(((before + tokens / 2) / total) * parts))
    result[part]!.push(item)
    before += tokens
  }
  return result
}
