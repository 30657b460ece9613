import type { ModelFile } from '../../src/engine/llama/open-llama-engine.ts'

const files = {
  'smollm2-135m-instruct F32': ['smol-F32.gguf', '6532799f494167f79cf75f7de685ad44fe6a1fe1a9cd41d7a2cd9603e64d4b9b'],
  'smollm2-135m-instruct F16': ['smol-F16.gguf', 'a269e3181fcbb25046f99f64ba8d3c159165b211c2ff4ffca7ba1bb219d2ccd0'],
  'smollm2-135m-instruct BF16': ['smol-BF16.gguf', '994c74505f109ce900a91772a38324b6635a16c1499111f1df4fb031233033d7'],
  'smollm2-135m-instruct Q8_0': ['smol-Q8_0.gguf', '7b46609d11703c058397e5cfe4cc6e4b2508cb1eb4c80ddc472a5d421fbdb508'],
  'gemma-3-270m F32': ['gemma-F32.gguf', 'ae40adc4d7515482a75ab9edb0e9ab035504a0f8dfdb5ae9f6a0a951aa94c2c4'],
  'gemma-3-270m Q8_0': ['gemma-Q8_0.gguf', 'd3d21138dcca83884e329b4cd6939b905c15e06022a930ce13d6db4d9e67290a'],
} as const

type ModelAndFormat = keyof typeof files

/** A real model's weights in one format, for tests. */
export function modelFile<Model extends string, Format extends string>(
  model: Model,
  format: `${Model} ${Format}` extends ModelAndFormat ? Format : never,
): ModelFile {
  const [name, hash] = files[`${model} ${format}` as ModelAndFormat]
  return { id: model, path: `/tmp/probe/m/${name}`, hash }
}
