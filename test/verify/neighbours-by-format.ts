/**
 * How often greedy answers change beside neighbours with opposite steering, by weight format and mode. Options: --model,
 * --formats, --subjects, --tokens. The last line of standard output is a JSON document.
 */
import { parseArgs } from 'node:util'
import type { WeightFormat } from '../../src/engine/llama/native/structs.ts'
import { openModel } from '../../src/workbench/open-model.ts'
import { compareWithNeighbours } from './neighbours.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'smollm2-135m-instruct' },
    formats: { type: 'string', default: 'Q8_0,F16,BF16' },
    subjects: { type: 'string', default: '8' },
    tokens: { type: 'string', default: '60' },
  },
})
const [subjects, maxTokens] = [Number(values.subjects), Number(values.tokens)]
const rows: object[] = []
for (const weights of values.formats.split(',') as WeightFormat[]) {
  // One context: all of them share its passes.
  await using engine = await openModel(values.model, { weights, contexts: 1, threadsPerContext: 2 })
  for (const mode of ['packed', 'reproducible'] as const) {
    const report = await compareWithNeighbours(engine, { mode, subjects, neighbours: 8, maxTokens })
    rows.push({ weights, mode, ...report })
    console.log(
      `${weights} ${mode}: ${report.different} of ${report.answers} answers differ, ${report.otherReadings} in their readings`,
    )
  }
}
console.log(JSON.stringify({ model: values.model, date: new Date().toISOString(), rows }))
