/**
 * Contender: llama.cpp's own prefill, bare: the tokens of every row through the whole depth, in two contexts of one
 * thread; no callback, nothing captured, no early end, no shared beginnings.
 */
import { Worker } from 'node:worker_threads'
import { loadLibrary, startBackends } from '../../src/engine/llama/native/load-library.ts'
import { locateLibrary } from '../../src/engine/llama/native/locate-library.ts'
import { NativeModel } from '../../src/engine/llama/native/native-model.ts'
import { readyModel } from '../../src/workbench/open-model.ts'
import { serveRounds } from '../contender-process.ts'
import { readScreeningJob, readTokenisedRows } from './screening-job.ts'

const job = readScreeningJob()
const { tokens } = readTokenisedRows(job)
const { directory, origin } = locateLibrary()
const library = loadLibrary(directory)
startBackends(library)
// The weights that screening uses with this library.
const { file } = await readyModel(job.model, { work: 'reading' })
const model = NativeModel.load(library, file.path)
const contexts = 2
const workers = Array.from(
  { length: contexts },
  () =>
    new Worker(new URL('./bare-prefill-worker.ts', import.meta.url), {
      workerData: { directory, model: model.pointer, longest: Math.max(...tokens.map(row => row.length)) },
    }),
)
await Promise.all(workers.map(answerOf))

const about = { engine: `llama.cpp ${origin}`, contexts, threadsPerContext: 1, weightFormat: model.weightFormat }
await serveRounds(about, async ({ sequences }) => {
  const rows = tokens.slice(0, sequences).toSorted((a, b) => a.length - b.length)
  const answers = workers.map(answerOf)
  for (const [index, worker] of workers.entries()) worker.postMessage(rows.filter((_, row) => row % contexts === index))
  await Promise.all(answers)
})
process.exit(0)

function answerOf(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
