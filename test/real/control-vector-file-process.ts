/**
 * Steers with a control vector file that we exported, once as our vector and once as llama.cpp itself reads the file:
 * by `common_control_vector_load` of its own library, which stands behind --control-vector-scaled.
 * Arguments: the library's folder, a model file, the vector file, its export to GGUF, layers. Prints, for each layer,
 * how the logits of the last token of a prompt compare bit for bit; for layer 0, with all of them steered at once.
 */
import { join } from 'node:path'
import koffi from 'koffi'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { directionAt, type PersonaVector } from '../../src/vector/persona-vector.ts'
import { readVector } from '../../src/vector/vector-file.ts'
import { openSteeredLogits } from './steered-logits.ts'

const [directory, modelPath, vectorFile, controlVectorFile, ...layers] = process.argv.slice(2)
const coefficient = 1.25
const logits = openSteeredLogits(directory!, modelPath!)
const { blockCount, hiddenSize } = logits
const vector = await readVector(vectorFile!)
const data = loadControlVector(controlVectorFile!, coefficient)
const plain = logits.plain()

for (const layer of layers.map(Number)) {
  const own = logits.steered(steeringOf(vector, layer === 0 ? layersFrom(2) : [layer as Layer]))
  // --control-vector-layer-range counts blocks from 0: layer L is the output of block L-1.
  const native = layer === 0 ? logits.controlled(data, 1, blockCount) : logits.controlled(data, layer - 1, layer - 1)
  const elsewhere = layer === 0 ? plain : logits.controlled(data, layer, layer)
  console.log(
    JSON.stringify({
      layer,
      same: own.every((logit, token) => Object.is(logit, native[token])),
      steered: own.some((logit, token) => logit !== plain[token]),
      sameOneBlockLater: own.every((logit, token) => logit === elsewhere[token]),
    }),
  )
}
logits.close()

function steeringOf(of: PersonaVector, at: readonly Layer[]) {
  return at.map(layer => ({ mode: 'add', layer, vector: directionAt(of, layer), coefficient }) as const)
}

function layersFrom(first: number): Layer[] {
  return Array.from({ length: blockCount + 1 - first }, (_, index) => (first + index) as Layer)
}

/**
 * Calls `common_control_vector_data common_control_vector_load(const std::vector<common_control_vector_load_info> &)`,
 * where the info is { float strength; std::string fname } and the data { int n_embd; std::vector<float> data }, laid
 * out as libstdc++ does.
 * @returns [blocks - 1, d], multiplied by the strength
 */
function loadControlVector(file: string, strength: number): Float32Array {
  const library = koffi.load(join(directory!, 'libllama-common.so'), { global: true })
  const load = library.func(
    'void _Z26common_control_vector_loadRKSt6vectorI31common_control_vector_load_infoSaIS0_EE(void *result, const void *infos)',
  )
  const name = Buffer.from(`${file}\0`)
  const info = Buffer.alloc(40)
  info.writeFloatLE(strength, 0)
  info.writeBigUInt64LE(koffi.address(name) as bigint, 8)
  info.writeBigUInt64LE(BigInt(name.length - 1), 16)
  info.writeBigUInt64LE(BigInt(name.length - 1), 24)
  const infos = Buffer.alloc(24)
  const begin = koffi.address(info) as bigint
  infos.writeBigUInt64LE(begin, 0)
  infos.writeBigUInt64LE(begin + BigInt(info.length), 8)
  infos.writeBigUInt64LE(begin + BigInt(info.length), 16)
  const result = Buffer.alloc(32)
  load(result, infos)
  const width = result.readInt32LE(0)
  const [from, to] = [result.readBigUInt64LE(8), result.readBigUInt64LE(16)]
  if (width !== hiddenSize) throw new Error(`llama.cpp read a control vector ${width} wide, not ${hiddenSize}`)
  return new Float32Array(koffi.view(from, Number(to - from)).slice(0))
}
