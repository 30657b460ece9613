import { expect, test } from 'vitest'
import { lastWords } from './last-words.ts'

const frame = '/lib/libggml-base.so(ggml_abort+0x152)[0x7f1df4185f42]'

test.each([
  ['CUDA error: out of memory\n  in function alloc\nggml-cuda.cu:108: CUDA error', 'CUDA error: out of memory'],
  [`ggml.c:12: GGML_ASSERT(a == b) failed\n${frame}\n`, 'ggml.c:12: GGML_ASSERT(a == b) failed'],
  ['llama_model_load: error loading model\nsome note', 'llama_model_load: error loading model'],
  ['one\ntwo\n', 'two'],
  [`${frame}\n`, ''],
])('the telling line of %j', (output, expected) => {
  expect(lastWords(output)).toBe(expected)
})
