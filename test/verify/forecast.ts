/**
 * Whether a forecaster of a large model can be learned in little memory: 20,000 answers of a model as wide as 8,192 on
 * disk as a training keeps them, one layer read and fitted in a process that must stay under 4 GB.
 *
 * npm run verify:forecast -- [--answers 20000] [--width 8192] [--layers 1] [--folds 2]
 *
 * Two folds instead of the product's four: what is in memory at a time is the same, and it takes minutes, not hours.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { chooseReadout } from '../../src/forecast/choose-readout.ts'
import { answerSet, readLayers } from '../../src/forecast/collect-answers.ts'
import { createRandom } from '../../src/numeric/random.ts'
import { partPath } from '../../src/rollout/rollout-store.ts'
import { rolloutsPerPart } from '../../src/rollout/run-rollouts.ts'
import { writeSafetensors } from '../../src/store/safetensors.ts'

const mostBytes = 4e9
const prompts = 38
const questions = 245

const { values } = parseArgs({
  options: {
    answers: { type: 'string', default: '20000' },
    width: { type: 'string', default: '8192' },
    layers: { type: 'string', default: '1' },
    folds: { type: 'string', default: '2' },
  },
})
const [answers, width, folds] = [Number(values.answers), Number(values.width), Number(values.folds)]
const layers = Array.from({ length: Number(values.layers) }, (_, index) => (index + 1) as Layer)

const folder = await mkdtemp(join(tmpdir(), 'personascope-forecast-'))
try {
  const random = createRandom(1)
  const scores = new Float64Array(answers)
  const parts = Math.ceil(answers / rolloutsPerPart)
  for (let part = 0; part < parts; part++) {
    const rows = Math.min(rolloutsPerPart, answers - part * rolloutsPerPart)
    const tensors = Object.fromEntries(
      layers.map(layer => [
        `prompt_last.${layer}`,
        { shape: [rows, width], values: Float32Array.from({ length: rows * width }, () => random.next() - 0.5) },
      ]),
    )
    // The last layer holds the score, in its first column.
    const { values: states } = tensors[`prompt_last.${layers.length}`]!
    for (let row = 0; row < rows; row++)
      scores[part * rolloutsPerPart + row] = 50 + 60 * states[row * width]! + 10 * (random.next() - 0.5)
    await writeSafetensors(partPath({ folder, name: answerSet }, part, 'safetensors'), { tensors, metadata: {} })
  }
  process.stderr.write(`${answers} answers of width ${width} written\n`)
  const start = performance.now()
  const of = (count: number, every: number) => Int32Array.from(scores, (_, row) => Math.floor(row / every) % count)
  const readout = await chooseReadout(
    readLayers({ folder, name: answerSet, parts }, layers, Int32Array.from(scores.keys()), width),
    { scores, systemPrompts: of(prompts, questions), questions: of(questions, 1) },
    { penalties: [1000, 10_000], folds, seed: 1, confidence: 0.9, bins: 3 },
  )
  const peakBytes = process.resourceUsage().maxRSS * 1024
  const found = readout?.layer === layers.length && readout.withinPromptR > 0.3
  const passed = found && peakBytes < mostBytes
  const seconds = Math.round((performance.now() - start) / 1000)
  const peakMegabytes = Math.round(peakBytes / 1e6)
  console.log(JSON.stringify({ answers, width, seconds, peakMegabytes, r: readout?.withinPromptR, passed }))
  process.exitCode = passed ? 0 : 1
} finally {
  await rm(folder, { recursive: true })
}
