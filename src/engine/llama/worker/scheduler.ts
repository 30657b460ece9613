/**
 * Runs requests on one context, pass after pass. Requests join and leave between passes.
 *
 * Active requests hold slots 0..n-1 without a gap, because only neighbouring sequences share a pass; when one in the
 * middle leaves, the last one moves into its slot. Reading a prompt and writing an answer never share a pass: every
 * pass is either consecutive tokens of one request, or one token of each of several.
 */
import type { Layer } from '../../contract/layer.ts'
import { ForwardRun } from '../../request/forward-run.ts'
import { GenerateRun, type GenerateRunParts } from '../../request/generate-run.ts'
import type { PreparedRequest } from '../../request/prepared-request.ts'
import type { NativeContext } from '../native/native-context.ts'
import type { LayerObserver } from './layer-observer.ts'
import { Pass, type PassRow } from './pass.ts'
import { prefixKey } from './prefix-key.ts'
import type { PrefixStore } from './prefix-store.ts'
import { type SlotLimits, type SlotShape, shapeFor, tokensNeeded } from './slot-shape.ts'
import type { Work, WorkItem, WorkListener } from './work.ts'

export interface SchedulerParts {
  readonly blockCount: number
  readonly limits: SlotLimits
  readonly openContext: (shape: SlotShape) => NativeContext
  readonly observer: LayerObserver
  readonly prefixes: PrefixStore
  readonly listener: WorkListener
  readonly partsOf: (request: PreparedRequest) => GenerateRunParts
  readonly isAborted: (id: number) => boolean
}

type Run = ForwardRun | GenerateRun

interface Active {
  readonly id: number
  readonly run: Run
  readonly work: Work
}

/** A token that is fed only to keep a pass in shape. */
const fillerToken = 0

export class Scheduler {
  readonly #parts: SchedulerParts
  readonly #queue: Work[] = []
  /** Index = slot. */
  #active: Active[] = []
  /** The group that has the worker to itself, and what of it has not begun. */
  #group: { readonly work: Work; readonly waiting: WorkItem[] } | undefined
  #context: NativeContext | undefined

  constructor(parts: SchedulerParts) {
    this.#parts = parts
  }

  get hasWork(): boolean {
    return this.#queue.length > 0 || this.#active.length > 0 || this.#group !== undefined
  }

  add(work: Work): void {
    this.#queue.push(work)
  }

  /** Does one pass of the model, and what can be done without one. */
  step(): void {
    try {
      this.#advance()
    } catch (error) {
      this.#failAll(error)
    }
  }

  #advance(): void {
    this.#dropAborted()
    this.#admit()
    const reading = this.#active.findIndex(({ run }) => run.fed < run.givenLength)
    if (reading >= 0) this.#read(reading)
    else if (this.#active.length > 0) this.#write()
    this.#leave()
    if (this.#group && this.#active.length === 0 && this.#group.waiting.length === 0) this.#group = undefined
  }

  close(): void {
    this.#context?.close()
    this.#context = undefined
  }

  #dropAborted(): void {
    const gone = ({ id }: { readonly id: number }) => this.#parts.isAborted(id)
    for (let slot = this.#active.length - 1; slot >= 0; slot--) if (gone(this.#active[slot]!)) this.#free(slot)
    if (this.#group) removeWhere(this.#group.waiting, gone)
    removeWhere(this.#queue, work => (work.kind === 'single' ? gone(work.item) : work.items.every(gone)))
  }

  /** Lets waiting requests in, in order, as long as there are slots for them. */
  #admit(): void {
    while (!this.#group && this.#queue[0]?.kind === 'group' && this.#active.length === 0) this.#beginGroup()
    for (;;) {
      const next = this.#nextItem()
      if (!next || !this.#makeRoom(next.item)) return
      next.take()
      this.#start(next.item, next.work)
    }
  }

  #beginGroup(): void {
    const work = this.#queue.shift()!
    if (work.kind !== 'group') return
    this.#group = { work, waiting: [...work.items] }
    // The group's shape is a function of the group: what ran before must not show in it.
    const tokens = Math.max(0, ...work.items.map(item => tokensNeeded(item.request)))
    this.#reshape(shapeFor(tokens, this.#parts.limits))
    this.#context?.forgetAll()
  }

  #nextItem(): { item: WorkItem; work: Work; take: () => void } | undefined {
    if (this.#group) {
      const { work, waiting } = this.#group
      return waiting[0] && { item: waiting[0], work, take: () => waiting.shift() }
    }
    const work = this.#queue[0]
    return work?.kind === 'single' ? { item: work.item, work, take: () => this.#queue.shift() } : undefined
  }

  /** Whether there is a slot, of the size the request needs; an idle context is made anew where that helps. */
  #makeRoom(item: WorkItem): boolean {
    if (this.#group) return this.#active.length < this.#context!.options.slots
    const wanted = shapeFor(tokensNeeded(item.request), this.#parts.limits)
    const current = this.#context?.options
    if (this.#active.length === 0) {
      const tooSmall = !current || current.tokensPerSlot < wanted.tokensPerSlot
      const needlesslyFew = current && current.slots < wanted.slots && this.#queue.length > current.slots
      if (tooSmall || needlesslyFew) this.#reshape(wanted)
      return true
    }
    return this.#active.length < current!.slots && wanted.tokensPerSlot <= current!.tokensPerSlot
  }

  #reshape(shape: SlotShape): void {
    const current = this.#context?.options
    if (current?.slots === shape.slots && current.tokensPerSlot === shape.tokensPerSlot) return
    this.#context?.close()
    this.#context = undefined
    this.#context = this.#parts.openContext(shape)
  }

  #start(item: WorkItem, work: Work): void {
    const { id, request } = item
    try {
      const run =
        request.kind === 'generate'
          ? new GenerateRun(request, this.#parts.partsOf(request))
          : new ForwardRun(request, this.#parts.partsOf(request).model)
      const slot = this.#active.length
      this.#context!.forget(slot)
      this.#active.push({ id, run, work })
    } catch (error) {
      this.#fail(id, error)
    }
  }

  /** Takes over the longest known beginning of the prompt. */
  #resumePrefix(slot: number): void {
    const { run, work } = this.#active[slot]!
    const { request } = run
    for (const length of [...cutsOf(request)].reverse()) {
      const prefix = this.#parts.prefixes.find(this.#keyOf(request, work, length), run.depth)
      // The last prompt token must be read again unless its logits were kept.
      if (!prefix || (length === request.tokens.length && !prefix.logits)) continue
      this.#context!.restoreSlot(slot, prefix.state)
      run.steering.resume(prefix.steered, length === request.promptLength)
      if (prefix.captured) run.collector?.resumePrompt(prefix.captured)
      run.fed = length
      run.reusedPromptTokens = length
      if (prefix.logits && run instanceof GenerateRun) this.#afterLogits(slot, length - 1, prefix.logits)
      return
    }
  }

  /** Reads the next given tokens of one request, up to a cut. */
  #read(slot: number): void {
    const { run, work } = this.#active[slot]!
    // Not before its turn: a request read just now may have left the beginning this one needs.
    if (run.fed === 0) this.#resumePrefix(slot)
    const from = run.fed
    if (from >= run.givenLength) return
    const to = this.#endOfRead(run)
    const rows = Array.from({ length: to - from }, (_, index) => this.#row(slot, from + index))
    if (!this.#pass(rows)) return
    run.fed = to
    const { request } = run
    if (request.boundaries.includes(to)) this.#keepPrefix(slot, to)
    rows.forEach((row, index) => {
      if (run.needsLogits(row.position)) this.#afterLogits(slot, row.position, this.#context!.logits(index), work)
    })
  }

  #endOfRead(run: Run): number {
    const { rowsPerPass, logitRowsPerPass } = this.#context!.options
    const cut = run.request.boundaries.find(boundary => boundary > run.fed) ?? run.givenLength
    const end = Math.min(cut, run.fed + rowsPerPass)
    let logitRows = 0
    for (let position = run.fed; position < end; position++) {
      if (this.#wantsLogits(run, position) && ++logitRows > logitRowsPerPass) return position
    }
    return end
  }

  /** Feeds every active request its next token. */
  #write(): void {
    const slots = this.#active.map((_, slot) => slot)
    // A kernel may take another path for one row than for several: in a group, and where it is asked for, no row ever
    // goes alone. Nor does one in the last layer, which has rows only where logits are wanted; what a group does there
    // is the same each time.
    const reproducible = this.#active.some(({ work }) => work.kind === 'single' && work.reproducible)
    const rows = slots.map(slot => {
      const row = this.#row(slot, this.#active[slot]!.run.fed)
      return reproducible ? { ...row, wantsLogits: true } : row
    })
    const alone = (this.#group || reproducible) && rows.length === 1
    if (alone) rows.push({ run: undefined, id: undefined, token: fillerToken, position: 0, slot: 1, wantsLogits: true })
    if (!this.#pass(rows)) return
    if (alone) this.#context!.forget(1)
    for (const slot of slots) this.#active[slot]!.run.fed++
    // From the last slot down: a request that fails leaves, and the last one moves into its slot.
    for (const slot of slots.toReversed()) {
      const { run } = this.#active[slot]!
      const position = run.fed - 1
      if (run.needsLogits(position)) this.#afterLogits(slot, position, this.#context!.logits(slot))
    }
  }

  #row(slot: number, position: number): PassRow {
    const { id, run } = this.#active[slot]!
    return { id, run, slot, position, token: run.tokenAt(position), wantsLogits: this.#wantsLogits(run, position) }
  }

  /** The last layer has rows only where logits are computed, so what is wanted there asks for them too. */
  #wantsLogits(run: Run, position: number): boolean {
    return run.needsLogits(position) || run.needsRow(this.#parts.blockCount as Layer, position)
  }

  /**
   * @returns false where the pass came to nothing: all its requests were aborted, or it failed, and with it all active
   * requests
   */
  #pass(rows: readonly PassRow[]): boolean {
    const pass = new Pass(rows, this.#parts.blockCount)
    try {
      this.#parts.observer.during(pass, () => this.#context!.decode(rows))
      return !isAbandoned(pass, this.#parts.isAborted)
    } catch (error) {
      this.#failAll(error)
      return false
    }
  }

  /** A pass that failed leaves the memory of all slots in doubt. */
  #failAll(error: unknown): void {
    const failed = this.#active.splice(0)
    this.#context?.forgetAll()
    for (const { id, run } of failed) {
      if (run instanceof GenerateRun) run.close()
      this.#parts.listener.onError(id, error)
    }
    const waiting = this.#group?.waiting.splice(0) ?? []
    // Without a context nothing waiting can run either, and the next step would fail the same way for ever.
    if (!this.#context)
      waiting.push(...this.#queue.splice(0).flatMap(work => (work.kind === 'single' ? [work.item] : work.items)))
    for (const { id } of waiting) this.#parts.listener.onError(id, error)
    this.#group = undefined
  }

  #afterLogits(slot: number, position: number, logits: Float32Array, work = this.#active[slot]!.work): void {
    const { id, run } = this.#active[slot]!
    try {
      const { request } = run
      const endsPrompt = position === request.promptLength - 1
      if (run instanceof GenerateRun && endsPrompt) {
        if (run.request.sharesPrompt && run.reusedPromptTokens < position + 1)
          this.#keepPrefix(slot, position + 1, logits, work)
        if (run.request.streamed && run.collector)
          this.#parts.listener.onReading(id, run.collector.promptLastReadings())
      }
      run.takeLogits(position, logits)
      if (run instanceof GenerateRun && run.request.streamed) this.#reportDelta(id, run)
    } catch (error) {
      this.#fail(id, error)
    }
  }

  #reportDelta(id: number, run: GenerateRun): void {
    const delta = run.takeDelta()
    if (delta) this.#parts.listener.onDelta(id, delta)
  }

  #keepPrefix(slot: number, length: number, logits?: Float32Array, work = this.#active[slot]!.work): void {
    const { run } = this.#active[slot]!
    const whole = length === run.request.promptLength
    this.#parts.prefixes.keep(this.#keyOf(run.request, work, length), {
      length,
      depth: run.depth,
      state: this.#context!.saveSlot(slot),
      captured: run.collector?.promptProgress(whole),
      steered: run.steering.progress(whole),
      logits: logits?.slice(),
    })
  }

  #keyOf(request: PreparedRequest, work: Work, length: number): string {
    // llama.cpp takes what a slot remembered only into memory of as many sequences.
    return `${work.kind}:${this.#context!.options.slots}:${prefixKey(request, length)}`
  }

  /** Reports finished requests and frees their slots. */
  #leave(): void {
    for (let slot = this.#active.length - 1; slot >= 0; slot--) {
      const { id, run } = this.#active[slot]!
      if (!run.finished) continue
      const result = run.result()
      if (run instanceof GenerateRun && run.request.streamed) this.#reportDelta(id, run)
      this.#free(slot)
      this.#parts.listener.onResult(id, result)
    }
  }

  #fail(id: number, error: unknown): void {
    const slot = this.#active.findIndex(active => active.id === id)
    if (slot >= 0) this.#free(slot)
    this.#parts.listener.onError(id, error)
  }

  /** Empties a slot and closes the gap with the last one. */
  #free(slot: number): void {
    const last = this.#active.length - 1
    const { run } = this.#active[slot]!
    if (run instanceof GenerateRun) run.close()
    const moved = this.#active.pop()!
    const context = this.#context!
    context.forget(slot)
    if (slot === last) return
    context.restoreSlot(slot, context.saveSlot(last))
    context.forget(last)
    this.#active[slot] = moved
  }
}

/** Whether nobody waits for the pass any more. */
export function isAbandoned(pass: Pass, isAborted: (id: number) => boolean): boolean {
  return pass.rows.every(({ id }) => id === undefined || isAborted(id))
}

/** Where the prompt is cut, and so where a known beginning may end; its whole length if it is shared whole. */
function cutsOf(request: PreparedRequest): number[] {
  const shared = request.kind === 'generate' && request.sharesPrompt
  return shared ? [...request.boundaries, request.promptLength] : [...request.boundaries]
}

function removeWhere<T>(items: T[], gone: (item: T) => boolean): void {
  for (let index = items.length - 1; index >= 0; index--) if (gone(items[index]!)) items.splice(index, 1)
}
