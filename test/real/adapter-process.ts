/**
 * Compares the logits of a prompt with and without LoRA adapters, in a process of its own because it calls native code.
 * Arguments: the library's folder, a model file, adapter files. Prints, for each adapter, whether it leaves the logits as
 * they are, bit for bit.
 */
import { openSteeredLogits } from './steered-logits.ts'

const [directory, path, ...adapters] = process.argv.slice(2)
const plainOf = (adapterPath?: string) => {
  const logits = openSteeredLogits(directory!, path!, adapterPath)
  const plain = logits.plain()
  logits.close()
  return plain
}
const base = plainOf()
for (const adapter of adapters) {
  const tuned = plainOf(adapter)
  console.log(JSON.stringify({ same: tuned.every((logit, token) => Object.is(logit, base[token])) }))
}
