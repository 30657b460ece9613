/** A server on the fake engine, for tests. */

import { pino } from 'pino'
import type { ModelInfo } from '../engine/contract/engine-info.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { FakeEngine } from '../engine/fake/fake-engine.ts'
import { watchTrait } from '../monitoring/watched-trait.ts'
import { createRandom } from '../numeric/random.ts'
import type { Calibration } from '../vector/calibration.ts'
import { hashOfDirection } from '../vector/direction-hash.ts'
import { directionAt, type PersonaVector } from '../vector/persona-vector.ts'
import { AccessKeys } from './access-keys.ts'
import { createServerApp, type ServerApp, type ServerParts } from './create-server-app.ts'
import type { VectorShelf } from './vector-shelf.ts'

export interface FakeServer {
  readonly app: ServerApp
  readonly engine: FakeEngine
  readonly vectors: Readonly<Record<string, PersonaVector>>
}

/** Watches `joyful`, which has a calibration, and `evil`, which has none; has the vector `calm` besides. */
export function openFakeServer(parts: Partial<ServerParts> = {}): FakeServer {
  const engine = new FakeEngine()
  const vectors = {
    joyful: fakeVector('joyful', engine.model, 1),
    evil: fakeVector('evil', engine.model, 2),
    calm: fakeVector('calm', engine.model, 3),
  }
  const calibration = fakeCalibration(vectors.joyful, engine.model)
  const app = createServerApp({
    engine,
    shelf: shelfOf(vectors),
    watched: [
      watchTrait('joyful', vectors.joyful, engine.model, {
        calibration,
        baseline: { mean: 0, sd: 2, values: [-3, -2, -1, 0, 1, 2, 3] },
      }),
      watchTrait('evil', vectors.evil, engine.model),
    ],
    keys: AccessKeys.open(),
    log: pino({ level: 'silent' }),
    ...parts,
  })
  return { app, engine, vectors }
}

export function fakeVector(name: string, model: ModelInfo, seed: number): PersonaVector {
  const random = createRandom(seed)
  const size = (model.blockCount + 1) * model.hiddenSize
  const values = Float32Array.from({ length: size }, () => random.next() * 2 - 1)
  return {
    provenance: {
      trait: { name, hash: 'a' },
      model: {
        id: model.id,
        fileHash: model.fileHash,
        architecture: 'fake',
        weightFormat: 'F32',
        chatTemplateHash: '',
      },
      engine: { name: 'fake', version: '1', contexts: 1, slotsPerContext: 1 },
      judge: 'none',
      unfiltered: true,
      pairsPlanned: 1,
      pairsKept: 1,
      responseTokens: 1,
      settings: { samples: 1, maxTokens: 1, temperature: 1, seed: 0 },
      personascopeVersion: '0',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    blockCount: model.blockCount,
    hiddenSize: model.hiddenSize,
    directions: { response_avg: values, prompt_avg: values, prompt_avg_without_first: values, prompt_last: values },
    medianResponseNorms: new Float32Array(model.blockCount + 1).fill(4),
    hasEmbedding: true,
    defaultLayer: 2 as Layer,
    defaultLayerReason: 'a test',
  }
}

/** Score 50 + 10 x projection, of layer 3. */
export function fakeCalibration(vector: PersonaVector, model: ModelInfo): Calibration {
  const line = { slope: 10, intercept: 50, residualDeviation: 2, n: 50, meanX: 0, sumOfSquaresX: 50 }
  return {
    format: 'personascope-calibration',
    formatVersion: 1,
    conditionalOn: {
      model: { id: model.id, fileHash: model.fileHash, chatTemplateHash: model.chatTemplate?.hash ?? '' },
      trait: { name: vector.provenance.trait.name, hash: 'a' },
      ladderHash: 'a',
      directionHash: hashOfDirection(directionAt(vector, 3 as Layer)),
      layer: 3,
      position: 'prompt_last',
      judge: 'lexicon',
      sampling: { temperature: 1, maxTokens: 40 },
    },
    line,
    answerLine: line,
    range: { low: -100, high: 100 },
    evidence: { r: 0.9, low: 0.8, high: 0.95, withinLevelR: null },
    personascopeVersion: '0',
    createdAt: '2026-01-01T00:00:00.000Z',
  }
}

function shelfOf(vectors: Readonly<Record<string, PersonaVector>>): VectorShelf {
  const known = new Map(Object.entries(vectors))
  return { names: async () => [...known.keys()], find: async name => known.get(name) }
}

export function post(path: string, body: unknown, headers: Record<string, string> = {}): Request {
  return new Request(`http://localhost${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** The data of server-sent events. */
export async function eventsOf(response: Response): Promise<string[]> {
  return [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(match => match[1]!)
}
