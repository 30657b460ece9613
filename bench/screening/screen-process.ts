/** Contender: `screen` as users run it, from the dataset's file to scores and report, with an engine that is open. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../../src/engine/contract/engine.ts'
import { openScores } from '../../src/screening/scores-file.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import type { PersonaVector } from '../../src/vector/persona-vector.ts'
import { asLayer, openModel } from '../../src/workbench/index.ts'
import { screenDataset } from '../../src/workbench/screen-dataset.ts'
import { serveRounds } from '../contender-process.ts'
import { readScreeningJob } from './screening-job.ts'

const job = readScreeningJob()
await using engine = await openModel(job.model, { work: 'reading' })
const { version, contexts, threadsPerContext } = engine.info
const vector = vectorOf(engine)
const about = { engine: version, contexts, threadsPerContext, weightFormat: engine.model.weightFormat }

await serveRounds(about, async ({ sequences: limit }) => {
  const folder = mkdtempSync(join(tmpdir(), 'personascope-bench-screen-'))
  try {
    const rules = [
      { kind: 'top', trait: 'evil', measure: 'projection', amount: { share: job.fastShare ?? 0 } },
    ] as const
    const { runPath, summary } = await screenDataset({
      engine,
      workspace: openWorkspace(folder),
      datasets: [job.datasetPath],
      vectors: [vector],
      settings: { limit },
      ...(job.fastShare !== undefined && { fast: { rules } }),
    })
    if (summary.rows.scored !== limit) throw new Error(`${summary.rows.scored} of ${limit} rows were scored`)
    await using scores = await openScores(runPath)
    const projections = await scores.query('SELECT evil_projection FROM scores ORDER BY row')
    writeFileSync(job.projectionsPath, JSON.stringify({ projections: projections.flat() }))
    const { rows, firstTokens = 0, agreement } = summary.fast ?? { rows: { readInFull: limit, estimated: 0 } }
    const facts = { ...rows, firstTokens, agreementAtLeast: agreement?.same.low ?? 0 }
    return { share: 1, facts }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** The job's direction at its layer, as a vector. */
function vectorOf({ model }: Engine): PersonaVector {
  const { id, fileHash, architecture, weightFormat, blockCount, hiddenSize, chatTemplate } = model
  const directions = new Float32Array((blockCount + 1) * hiddenSize)
  directions.set(job.direction, job.layer * hiddenSize)
  return {
    provenance: {
      trait: { name: 'evil', hash: '' },
      model: { id, fileHash, architecture, weightFormat, chatTemplateHash: chatTemplate?.hash ?? '' },
      engine: { name: 'bench', version, contexts: 1, slotsPerContext: 1 },
      judge: 'none',
      unfiltered: true,
      pairsPlanned: 1,
      pairsKept: 1,
      responseTokens: 1,
      settings: { samples: 1, maxTokens: 1, temperature: 0, seed: 0 },
      personascopeVersion: '0',
      createdAt: '',
    },
    blockCount,
    hiddenSize,
    directions: { response_avg: directions },
    medianResponseNorms: new Float32Array(blockCount + 1).fill(1),
    hasEmbedding: false,
    defaultLayer: asLayer(job.layer, model),
    defaultLayerReason: 'for the bench',
  }
}
