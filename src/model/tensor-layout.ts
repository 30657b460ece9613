import { GGMLQuantizationType } from '@huggingface/gguf'

/** How llama.cpp lays out the numbers of a tensor type: so many to a block, and the bytes of a block. */
export interface TensorLayout {
  /** For example Q8_0. */
  readonly type: string
  readonly blockLength: number
  readonly blockBytes: number
}

const layouts: Readonly<Record<keyof typeof GGMLQuantizationType, readonly [blockLength: number, blockBytes: number]>> =
  {
    F32: [1, 4],
    F16: [1, 2],
    BF16: [1, 2],
    F64: [1, 8],
    I8: [1, 1],
    I16: [1, 2],
    I32: [1, 4],
    I64: [1, 8],
    Q1_0: [128, 18],
    Q2_0: [64, 18],
    Q4_0: [32, 18],
    Q4_1: [32, 20],
    Q5_0: [32, 22],
    Q5_1: [32, 24],
    Q8_0: [32, 34],
    Q8_1: [32, 36],
    Q2_K: [256, 84],
    Q3_K: [256, 110],
    Q4_K: [256, 144],
    Q5_K: [256, 176],
    Q6_K: [256, 210],
    Q8_K: [256, 292],
    IQ1_S: [256, 50],
    IQ1_M: [256, 56],
    IQ2_XXS: [256, 66],
    IQ2_XS: [256, 74],
    IQ2_S: [256, 82],
    IQ3_XXS: [256, 98],
    IQ3_S: [256, 110],
    IQ4_NL: [32, 18],
    IQ4_XS: [256, 136],
    TQ1_0: [256, 54],
    TQ2_0: [256, 66],
    MXFP4: [32, 17],
    NVFP4: [64, 36],
  }

/** The layout of a tensor type by its number in a GGUF file; undefined where llama.cpp has none of that number. */
export function tensorLayout(typeNumber: number): TensorLayout | undefined {
  const type = GGMLQuantizationType[typeNumber] as keyof typeof GGMLQuantizationType | undefined
  if (type === undefined) return undefined
  const [blockLength, blockBytes] = layouts[type]
  return { type, blockLength, blockBytes }
}
