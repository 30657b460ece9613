/** The logits of the last token of a prompt, steered our way and llama.cpp's way, on one native model. */
import type { Steering } from '../../src/engine/contract/steering.ts'
import { loadLibrary, startBackends } from '../../src/engine/llama/native/load-library.ts'
import { type BatchRow, NativeContext } from '../../src/engine/llama/native/native-context.ts'
import { NativeModel } from '../../src/engine/llama/native/native-model.ts'
import { LayerObserver } from '../../src/engine/llama/worker/layer-observer.ts'
import { Pass } from '../../src/engine/llama/worker/pass.ts'
import { GenerateRun } from '../../src/engine/request/generate-run.ts'
import { SamplerScratch } from '../../src/engine/request/sampler.ts'

export interface SteeredLogits {
  readonly blockCount: number
  readonly hiddenSize: number
  /** Our way: rows of blocks' outputs changed in the callback. */
  steered(steering: readonly Steering[]): Float32Array
  /**
   * llama.cpp's way.
   * @param data [blocks - 1, d]; it begins with the block after the first one
   * @param first the first block that is steered
   * @param last the last one
   */
  controlled(data: Float32Array, first: number, last: number): Float32Array
  plain(): Float32Array
  close(): void
}

/** @param adapterPath a LoRA adapter that is laid over the weights */
export function openSteeredLogits(directory: string, path: string, adapterPath?: string): SteeredLogits {
  const library = loadLibrary(directory)
  startBackends(library)
  const model = NativeModel.load(library, path, adapterPath)
  const { blockCount, hiddenSize } = model
  const tokens = model.tokenize('The weather in the mountains was', { addSpecial: true, parseSpecial: false })
  const rows: BatchRow[] = tokens.map((token, position) => ({
    token,
    position,
    slot: 0,
    wantsLogits: position === tokens.length - 1,
  }))

  function open(onNode: ConstructorParameters<typeof NativeContext>[2]['onNode']): NativeContext {
    const limits = { slots: 2, tokensPerSlot: 256, threads: 1, rowsPerPass: 64, logitRowsPerPass: 8 }
    return new NativeContext(library, model, { ...limits, onNode })
  }

  function finish(context: NativeContext): Float32Array {
    const logits = context.logits(tokens.length - 1).slice()
    context.close()
    return logits
  }

  return {
    blockCount,
    hiddenSize,
    steered(steering) {
      const observer = new LayerObserver(library, { blockCount, hiddenSize, embeddingNode: undefined })
      const context = open((tensor, ask) => observer.onNode(tensor, ask))
      const request = {
        kind: 'generate',
        tokens,
        promptLength: tokens.length,
        boundaries: [],
        steering,
        capture: undefined,
        maxTokens: 1,
        sampling: {},
        stop: [],
        topLogprobs: 0,
        grammar: undefined,
        ignoreEndOfTurn: false,
        answerAfter: undefined,
        streamed: false,
        sharesPrompt: false,
      } as const
      const run = new GenerateRun(request, {
        model: { blockCount, hiddenSize },
        vocabulary: model,
        scratch: new SamplerScratch(model.size),
        constraint: undefined,
      })
      const pass = new Pass(
        rows.map(row => ({ ...row, run, id: 1 })),
        blockCount,
      )
      observer.during(pass, () => context.decode(pass.rows))
      return finish(context)
    },
    controlled(data, first, last) {
      const context = open(() => false)
      const status = library.setControlVector(context.pointer, data, data.length, hiddenSize, first, last)
      if (status !== 0) throw new Error(`llama_set_adapter_cvec gave ${status}`)
      context.decode(rows)
      return finish(context)
    },
    plain() {
      const context = open(() => false)
      context.decode(rows)
      return finish(context)
    },
    close: () => model.close(),
  }
}
