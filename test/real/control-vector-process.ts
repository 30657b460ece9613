/**
 * Compares our steering with llama.cpp's own control vectors, in a process of its own because it calls native code.
 * Arguments: the library's folder, a model file, layers. Prints, for each layer, how the logits of the last token of a
 * prompt compare bit for bit.
 */
import type { Layer } from '../../src/engine/contract/layer.ts'
import { loadLibrary, startBackends } from '../../src/engine/llama/native/load-library.ts'
import { type BatchRow, NativeContext } from '../../src/engine/llama/native/native-context.ts'
import { NativeModel } from '../../src/engine/llama/native/native-model.ts'
import { LayerObserver } from '../../src/engine/llama/worker/layer-observer.ts'
import { Pass } from '../../src/engine/llama/worker/pass.ts'
import { GenerateRun } from '../../src/engine/request/generate-run.ts'
import { SamplerScratch } from '../../src/engine/request/sampler.ts'
import { createRandom } from '../../src/numeric/random.ts'

const [directory, path, ...layers] = process.argv.slice(2)
const library = loadLibrary(directory!)
startBackends(library)
const model = NativeModel.load(library, path!)
const shape = { blockCount: model.blockCount, hiddenSize: model.hiddenSize }
const tokens = model.tokenize('The weather in the mountains was', { addSpecial: true, parseSpecial: false })
const coefficient = -1.75

for (const layer of layers.map(Number)) {
  const random = createRandom(layer)
  const vector = Float32Array.from({ length: shape.hiddenSize }, () => (random.next() - 0.5) * 3)
  const [own, native, plain] = [withSteering(layer as Layer, vector), withControlVector(layer, vector), withNothing()]
  const same = own.every((logit, token) => Object.is(logit, native[token]))
  console.log(JSON.stringify({ layer, same, steered: own.some((logit, token) => logit !== plain[token]) }))
}
model.close()

function open(onNode: ConstructorParameters<typeof NativeContext>[2]['onNode']): NativeContext {
  const limits = { slots: 2, tokensPerSlot: 256, threads: 1, rowsPerPass: 64, logitRowsPerPass: 8 }
  return new NativeContext(library, model, { ...limits, onNode })
}

function rows(): BatchRow[] {
  return tokens.map((token, position) => ({ token, position, slot: 0, wantsLogits: position === tokens.length - 1 }))
}

/** Our way: rows of the block's output changed in the callback. */
function withSteering(layer: Layer, vector: Float32Array): Float32Array {
  const observer = new LayerObserver(library, { ...shape, embeddingNode: undefined })
  const context = open((tensor, ask) => observer.onNode(tensor, ask))
  const request = {
    kind: 'generate',
    tokens,
    promptLength: tokens.length,
    boundaries: [],
    steering: [{ mode: 'add', layer, vector, coefficient }],
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
    model: shape,
    vocabulary: model,
    scratch: new SamplerScratch(model.size),
    constraint: undefined,
  })
  const pass = new Pass(
    rows().map(row => ({ ...row, run, id: 1 })),
    shape.blockCount,
  )
  observer.during(pass, () => context.decode(pass.rows))
  return finish(context)
}

/** llama.cpp's way: one tensor added to the output of a block, for every row. */
function withControlVector(layer: number, vector: Float32Array): Float32Array {
  const context = open(() => false)
  // The buffer begins with layer 1 of llama.cpp's count, which is the output of block 1: our layer 2.
  const data = new Float32Array(shape.hiddenSize * (shape.blockCount - 1))
  data.set(
    vector.map(value => value * coefficient),
    (layer - 2) * shape.hiddenSize,
  )
  const status = library.setControlVector(context.pointer, data, data.length, shape.hiddenSize, 1, shape.blockCount)
  if (status !== 0) throw new Error(`llama_set_adapter_cvec gave ${status}`)
  context.decode(rows())
  return finish(context)
}

function withNothing(): Float32Array {
  const context = open(() => false)
  context.decode(rows())
  return finish(context)
}

function finish(context: NativeContext): Float32Array {
  const logits = context.logits(tokens.length - 1).slice()
  context.close()
  return logits
}
