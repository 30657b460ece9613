/**
 * Compares our steering with llama.cpp's own control vectors, in a process of its own because it calls native code.
 * Arguments: the library's folder, a model file, layers. Prints, for each layer, how the logits of the last token of a
 * prompt compare bit for bit.
 */
import type { Layer } from '../../src/engine/contract/layer.ts'
import { createRandom } from '../../src/numeric/random.ts'
import { openSteeredLogits } from './steered-logits.ts'

const [directory, path, ...layers] = process.argv.slice(2)
const logits = openSteeredLogits(directory!, path!)
const { blockCount, hiddenSize } = logits
const coefficient = -1.75

for (const layer of layers.map(Number)) {
  const random = createRandom(layer)
  const vector = Float32Array.from({ length: hiddenSize }, () => (random.next() - 0.5) * 3)
  const own = logits.steered([{ mode: 'add', layer: layer as Layer, vector, coefficient }])
  const data = new Float32Array(hiddenSize * (blockCount - 1))
  // The buffer begins with layer 1 of llama.cpp's count, which is the output of block 1: our layer 2.
  data.set(
    vector.map(value => value * coefficient),
    (layer - 2) * hiddenSize,
  )
  const native = logits.controlled(data, 1, blockCount)
  const plain = logits.plain()
  const same = own.every((logit, token) => Object.is(logit, native[token]))
  console.log(JSON.stringify({ layer, same, steered: own.some((logit, token) => logit !== plain[token]) }))
}
logits.close()
