/** A model file to import vectors for: a header of four blocks of eight, and no weights worth running. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ggufFile } from '../../src/model/gguf-file.case.ts'

/** Writes it into a folder; `blockCount` and `hiddenSize` as the fixtures have them. */
export async function writeSmallModel(folder: string, blockCount = 4, hiddenSize = 8): Promise<string> {
  const path = join(folder, `small-${blockCount}-${hiddenSize}.gguf`)
  const content = ggufFile({
    metadata: {
      'general.architecture': { string: 'llama' },
      'llama.block_count': { uint32: blockCount },
      'llama.embedding_length': { uint32: hiddenSize },
    },
    tensors: [{ name: 'token_embd.weight', dimensions: [hiddenSize, 4], type: 0, offset: 0 }],
    dataBytes: hiddenSize * 16,
  })
  await writeFile(path, content)
  return path
}
