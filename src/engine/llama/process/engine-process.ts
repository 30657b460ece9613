/**
 * The engine process: one set of weights, a worker thread for each context. A malformed file or an abort in native
 * code ends this process and not its parent. Everything llama.cpp prints goes to standard error, which the parent
 * reads: a JavaScript log callback would be called from threads that have no JavaScript.
 */
import { Worker } from 'node:worker_threads'
import { PersonascopeError } from '../../../errors/personascope-error.ts'
import { loadLibrary, type NativeLibrary, startBackends } from '../native/load-library.ts'
import { NativeModel } from '../native/native-model.ts'
import { AbortFlags } from './abort-flags.ts'
import type { ContextWorkerData, ToWorker } from './context-worker.ts'
import { Dispatcher } from './dispatcher.ts'
import { probeArchitecture } from './probe-architecture.ts'
import type { FromEngine, FromWorker, OpenedModel, OpenOptions, TextToTokenize, ToEngine } from './protocol.ts'

interface Opened {
  readonly model: NativeModel
  readonly workers: readonly Worker[]
  readonly dispatcher: Dispatcher
}

const flags = new AbortFlags()
let opened: Opened | undefined

const say = (message: FromEngine) => process.send?.(message)

process.on('message', (message: ToEngine) => receive(message))
// A killed parent must not leave this process burning a core; nothing here needs an orderly end.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// Ctrl-C reaches the whole process group; the parent decides what it means.
process.on('SIGINT', () => {})

function receive(message: ToEngine): void {
  switch (message.type) {
    case 'open':
      return open(message.options)
    case 'tokenize':
      return void say({ type: 'tokenized', call: message.call, tokens: message.texts.map(tokenize) })
    case 'detokenize':
      return void say({ type: 'detokenized', call: message.call, text: detokenize(message.tokens) })
    case 'work':
      return opened!.dispatcher.dispatch(message.work)
    case 'abort':
      return message.ids.forEach(id => {
        flags.abort(id)
        opened?.dispatcher.ended(id)
      })
    case 'close':
      return void close()
  }
}

function open(options: OpenOptions): void {
  try {
    const library = loadLibrary(options.libraryDirectory)
    startBackends(library)
    const model = NativeModel.load(library, options.modelPath, options.adapterPath)
    const { embeddingNode } = probeArchitecture(library, model, options.modelPath)
    const workers = Array.from({ length: options.contexts }, () =>
      startWorker({ options, model: model.pointer, adapter: model.adapter, embeddingNode, abortFlags: flags.buffer }),
    )
    opened = { model, workers, dispatcher: new Dispatcher(workers) }
    say({ type: 'opened', model: describe(library, model, embeddingNode) })
  } catch (error) {
    say({ type: 'open-failed', error: PersonascopeError.from(error).toMessage() })
  }
}

function startWorker(workerData: ContextWorkerData): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./context-worker.${extension}`, import.meta.url), { workerData })
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'result' || message.type === 'error') opened?.dispatcher.ended(message.id)
    say(message)
  })
  // A worker without a context is of no use: the parent sees this process end and starts another.
  worker.on('error', error => {
    process.stderr.write(`worker failed: ${error instanceof Error ? error.message : error}\n`, () => process.exit(1))
  })
  return worker
}

function describe(library: NativeLibrary, model: NativeModel, embeddingNode: string | undefined): OpenedModel {
  return {
    architecture: model.metadata('general.architecture') ?? 'unknown',
    blockCount: model.blockCount,
    hiddenSize: model.hiddenSize,
    vocabularySize: model.size,
    parameterCount: model.parameterCount,
    contextTokens: model.contextTokens,
    weightFormat: model.weightFormat,
    embeddingLayer: embeddingNode !== undefined,
    chatTemplate: model.chatTemplate,
    specialTexts: model.specialTexts(),
    beginText: model.beginText,
    endText: model.endText,
    systemInfo: library.systemInfo(),
    version: library.version(),
  }
}

function tokenize({ text, begin, parseSpecial }: TextToTokenize): number[] {
  const { model } = opened!
  const hasBegin = model.beginText !== '' && text.startsWith(model.beginText)
  return model.tokenize(text, { addSpecial: begin && !hasBegin, parseSpecial })
}

function detokenize(tokens: readonly number[]): string {
  return Buffer.concat(tokens.map(token => opened!.model.writtenBytes(token, true))).toString('utf8')
}

async function close(): Promise<void> {
  const { workers = [], model } = opened ?? {}
  const ended = workers.map(worker => new Promise(resolve => worker.once('exit', resolve)))
  for (const worker of workers) worker.postMessage({ type: 'close' } satisfies ToWorker)
  await Promise.all(ended)
  model?.close()
  process.exit(0)
}
