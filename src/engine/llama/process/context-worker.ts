/**
 * A thread with one context. Receives work, runs it pass after pass, says what comes of it. Between passes it takes
 * in new work without waiting for it.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { PersonascopeError } from '../../../errors/personascope-error.ts'
import type { PreparedRequest } from '../../request/prepared-request.ts'
import { SamplerScratch } from '../../request/sampler.ts'
import { loadLibrary } from '../native/load-library.ts'
import { NativeContext } from '../native/native-context.ts'
import { NativeGrammar } from '../native/native-grammar.ts'
import { NativeModel } from '../native/native-model.ts'
import type { Pointer } from '../native/structs.ts'
import { LayerObserver } from '../worker/layer-observer.ts'
import { PrefixStore } from '../worker/prefix-store.ts'
import { isAbandoned, Scheduler } from '../worker/scheduler.ts'
import type { SlotShape } from '../worker/slot-shape.ts'
import type { Work } from '../worker/work.ts'
import { AbortFlags } from './abort-flags.ts'
import { logitRowsPerPass, rowsPerPass } from './pass-limits.ts'
import type { FromWorker, OpenOptions } from './protocol.ts'

export interface ContextWorkerData {
  readonly options: OpenOptions
  readonly model: Pointer
  readonly adapter: Pointer | undefined
  readonly embeddingNode: string | undefined
  readonly abortFlags: SharedArrayBuffer
}

export type ToWorker = { readonly type: 'work'; readonly work: Work } | { readonly type: 'close' }

const { options, model: modelPointer, adapter, embeddingNode, abortFlags } = workerData as ContextWorkerData
const port = parentPort!
const library = loadLibrary(options.libraryDirectory)
const model = NativeModel.attach(library, modelPointer, adapter)
const shape = { blockCount: model.blockCount, hiddenSize: model.hiddenSize }
const scratch = new SamplerScratch(model.size)
const flags = new AbortFlags(abortFlags)
const isAborted = (id: number) => flags.isAborted(id)
const observer = new LayerObserver(library, { ...shape, embeddingNode }, pass => isAbandoned(pass, isAborted))
const say = (message: FromWorker) => port.postMessage(message)

const scheduler = new Scheduler({
  blockCount: shape.blockCount,
  limits: {
    maxSlots: options.slotsPerContext,
    maxTokens: options.tokensPerContext,
    contextTokens: model.contextTokens,
  },
  openContext,
  observer,
  prefixes: new PrefixStore(options.prefixBytesPerContext),
  partsOf: (request: PreparedRequest) => ({
    model: shape,
    vocabulary: model,
    scratch,
    constraint:
      request.kind === 'generate' && request.grammar !== undefined
        ? new NativeGrammar(library, model, request.grammar)
        : undefined,
  }),
  isAborted,
  listener: {
    onReading: (id, promptLast) => say({ type: 'reading', id, promptLast }),
    onDelta: (id, delta) => say({ type: 'delta', id, delta }),
    onResult: (id, result) => say({ type: 'result', id, result }),
    onError: (id, error) => say({ type: 'error', id, error: PersonascopeError.from(error).toMessage() }),
  },
})

port.on('message', (message: ToWorker) => {
  receive(message)
  while (scheduler.hasWork) {
    for (let waiting = receiveMessageOnPort(port); waiting; waiting = receiveMessageOnPort(port))
      receive(waiting.message)
    scheduler.step()
  }
})

function receive(message: ToWorker): void {
  if (message.type === 'work') return scheduler.add(message.work)
  scheduler.close()
  process.exit(0)
}

function openContext({ slots, tokensPerSlot }: SlotShape): NativeContext {
  return new NativeContext(library, model, {
    slots,
    tokensPerSlot,
    threads: options.threadsPerContext,
    rowsPerPass,
    logitRowsPerPass,
    onNode: (tensor, ask) => observer.onNode(tensor, ask),
  })
}
