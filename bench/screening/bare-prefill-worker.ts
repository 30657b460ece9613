/** A thread with one context that reads rows of tokens, one after the other, and says when it is done. */
import { parentPort, workerData } from 'node:worker_threads'
import { loadLibrary } from '../../src/engine/llama/native/load-library.ts'
import { NativeContext } from '../../src/engine/llama/native/native-context.ts'
import { NativeModel } from '../../src/engine/llama/native/native-model.ts'
import type { Pointer } from '../../src/engine/llama/native/structs.ts'

const { directory, model, longest } = workerData as { directory: string; model: Pointer; longest: number }
const rowsPerPass = 512
const library = loadLibrary(directory)
const context = new NativeContext(library, NativeModel.attach(library, model, undefined), {
  slots: 1,
  tokensPerSlot: 2 ** Math.ceil(Math.log2(longest)),
  threads: 1,
  rowsPerPass,
  logitRowsPerPass: 1,
  onNode: undefined,
})
parentPort!.on('message', (rows: readonly (readonly number[])[]) => {
  for (const tokens of rows) {
    context.forgetAll()
    for (let from = 0; from < tokens.length; from += rowsPerPass) {
      const part = tokens.slice(from, from + rowsPerPass)
      const last = tokens.length - 1
      context.decode(
        part.map((token, index) => ({ token, position: from + index, slot: 0, wantsLogits: from + index === last })),
      )
    }
  }
  parentPort!.postMessage('done')
})
parentPort!.postMessage('ready')
