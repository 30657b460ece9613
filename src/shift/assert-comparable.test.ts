import { expect, test } from 'vitest'
import { assertComparable, type ModelShape } from './assert-comparable.ts'

const base: ModelShape = {
  id: 'base',
  architecture: 'llama',
  blockCount: 30,
  hiddenSize: 576,
  vocabularySize: 49152,
  tokenizer: 'gpt2/smollm',
  chatTemplateHash: 't',
}

test('a model of the same form and template can be compared', () => {
  expect(() => assertComparable(base, { ...base, id: 'tuned' })).not.toThrow()
})

test.each<[string, Partial<ModelShape>, RegExp]>([
  ['fewer layers', { blockCount: 12 }, /tuned to be a fine-tune of base: it has 12 blocks of 576 \(llama\), the base/],
  ['another width', { hiddenSize: 640 }, /it has 30 blocks of 640/],
  ['another architecture', { architecture: 'qwen3' }, /\(qwen3\)/],
  ['another vocabulary', { vocabularySize: 49153 }, /its vocabulary has 49153 tokens/],
  ['another tokenizer', { tokenizer: 'gpt2/default' }, /it splits text by gpt2\/default/],
  ['another chat template', { chatTemplateHash: 'u' }, /its chat template is another one/],
  ['no chat template', { chatTemplateHash: undefined }, /Model tuned has no chat template/],
])('a model with %s is refused', (_, parts, message) => {
  expect(() => assertComparable(base, { ...base, id: 'tuned', ...parts })).toThrow(message)
})
