/** What a request asks of Personascope, made definite: names become directions, or the answer says what exists. */
import {
  type PersonascopeRequest,
  personascopeRequestSchema,
  type SteeringNote,
  type SteerWish,
} from '../contract/personascope-field.ts'
import type { ModelInfo } from '../engine/contract/engine-info.ts'
import type { Layer } from '../engine/contract/layer.ts'
import type { Steering, SteeringCondition, SteeringReport } from '../engine/contract/steering.ts'
import type { WatchedTrait } from '../monitoring/watched-trait.ts'
import { norm } from '../numeric/vector-math.ts'
import { coefficientOf, doseOf } from '../vector/dose.ts'
import { directionAt, knowsResponseNorms, layersOf, type PersonaVector } from '../vector/persona-vector.ts'
import { assertSameShape } from '../vector/usable-direction.ts'
import type { Client } from './access-keys.ts'
import { ApiError, parseRequest } from './api-error.ts'
import type { VectorShelf } from './vector-shelf.ts'

export interface PersonaParts {
  readonly model: ModelInfo
  readonly shelf: VectorShelf
  readonly watched: readonly WatchedTrait[]
}

export interface ResolvedPersona {
  readonly steering: readonly Steering[]
  readonly notes: readonly Omit<SteeringNote, 'steeredPositions'>[]
  /** The traits whose readings the client sees; undefined where it asked for nothing. */
  readonly shown: readonly WatchedTrait[] | undefined
  readonly perToken: boolean
}

const longestHeader = 8192

/**
 * The field of the body, or the header.
 * @throws ApiError with status 400 where the header is no such field, or both are given
 */
export function personaOf(
  field: PersonascopeRequest | undefined,
  header: string | undefined,
): PersonascopeRequest | undefined {
  if (header === undefined) return field
  const param = 'x-personascope'
  if (field) throw new ApiError(400, 'Give personascope in the body or in the header, not in both.', { param })
  if (header.length > longestHeader) {
    throw new ApiError(400, `The header x-personascope may have ${longestHeader} characters.`, { param })
  }
  let value: unknown
  try {
    value = JSON.parse(header)
  } catch {
    throw new ApiError(400, 'The header x-personascope is not JSON.', { param, code: 'invalid_value' })
  }
  return parseRequest(personascopeRequestSchema, value)
}

/**
 * @throws ApiError with status 403 where the client may not, 400 where a trait, vector or layer does not exist; what
 * exists is named
 */
export async function resolvePersona(
  asked: PersonascopeRequest | undefined,
  client: Client,
  parts: PersonaParts,
): Promise<ResolvedPersona> {
  if (!asked) return { steering: [], notes: [], shown: undefined, perToken: false }
  if (asked.steer.length > 0 && !client.maySteer) throw forbidden('steer')
  // Somebody who only steers is not told readings, and needs no leave to see them.
  const wantsReadings = asked.read !== undefined || asked.steer.length === 0
  if (wantsReadings && !client.maySeeReadings) throw forbidden('see readings')
  const shown = asked.read?.map((name, index) => watchedTrait(name, parts.watched, `personascope.read.${index}`))
  const steered = await Promise.all(asked.steer.map((wish, index) => resolveOne(wish, index, parts)))
  return {
    steering: steered.map(({ steering }) => steering),
    notes: steered.map(({ note }) => note),
    shown: shown ?? (client.maySeeReadings ? parts.watched : []),
    perToken: asked.readings === 'tokens',
  }
}

/** What steering did, as the response tells it. */
export function steeringNotes(
  { notes, steering }: ResolvedPersona,
  reports: readonly SteeringReport[],
): SteeringNote[] {
  return notes.map((note, index) => {
    const { steeredPositions, firedAtPosition } = reports[index]!
    return {
      ...note,
      steeredPositions,
      ...(steering[index]!.when && { conditionFired: firedAtPosition !== undefined }),
      ...(firedAtPosition !== undefined && { firedAtPosition }),
    }
  })
}

async function resolveOne(wish: SteerWish, index: number, parts: PersonaParts) {
  const place = `personascope.steer.${index}`
  checkAmounts(wish, place)
  const name = (wish.trait ?? wish.vector)!
  const vector = await parts.shelf.find(name)
  if (!vector)
    throw unknown(
      wish.trait ? 'trait' : 'vector',
      name,
      await parts.shelf.names(),
      `${place}.${wish.trait ? 'trait' : 'vector'}`,
    )
  assertSameShape(vector, parts.model, name)
  const layer = layerFor(wish, vector, name, place)
  const { positions, mode } = wish
  const base = { layer, positions, ...(wish.when && { when: conditionOf(wish.when, parts.watched, place) }) }
  const direction = directionAt(vector, layer)
  if (norm(direction) === 0)
    throw new ApiError(400, `The vector ${name} is zero at layer ${layer}.`, { param: `${place}.layer` })
  const note = { vector: name, layer, positions, mode }
  if (mode === 'ablate') return { steering: { ...base, mode, direction } as Steering, note }
  if (mode === 'cap') {
    return { steering: { ...base, mode, direction, ceiling: wish.cap! } as Steering, note: { ...note, cap: wish.cap! } }
  }
  const coefficient = wish.coefficient ?? coefficientOf(vector, layer, wish.dose!)
  const dose = knowsResponseNorms(vector) ? { dose: doseOf(vector, layer, coefficient) } : {}
  return {
    steering: { ...base, mode, vector: direction, coefficient } as Steering,
    note: { ...note, coefficient, ...dose },
  }
}

function checkAmounts({ trait, vector, mode, coefficient, dose, cap }: SteerWish, place: string): void {
  const wrong = (message: string) => new ApiError(400, message, { param: place, code: 'invalid_value' })
  if ((trait === undefined) === (vector === undefined)) throw wrong(`${place}: give trait or vector, one of them.`)
  const amounts = [coefficient, dose].filter(amount => amount !== undefined).length
  if (mode === 'add' && amounts !== 1) throw wrong(`${place}: give coefficient or dose, one of them.`)
  if (mode !== 'add' && amounts > 0) throw wrong(`${place}: coefficient and dose belong to mode add.`)
  if ((mode === 'cap') !== (cap !== undefined)) throw wrong(`${place}: mode cap and cap belong together.`)
}

function layerFor(wish: SteerWish, vector: PersonaVector, name: string, place: string): Layer {
  const layers = layersOf(vector).filter(layer => layer > 0)
  const layer = wish.layer ?? vector.defaultLayer
  const found = layers.find(known => known === layer)
  if (found !== undefined) return found
  const whole = layers.length === vector.blockCount
  const available = whole ? `1..${vector.blockCount}` : layers.join(', ')
  throw new ApiError(400, `The vector ${name} cannot steer at layer ${layer}. Its layers are: ${available}.`, {
    param: `${place}.layer`,
    code: 'layer_unknown',
  })
}

function conditionOf(
  { trait, above }: NonNullable<SteerWish['when']>,
  watched: readonly WatchedTrait[],
  place: string,
): SteeringCondition {
  const { layer, direction } = watchedTrait(trait, watched, `${place}.when.trait`)
  return { layer, direction, above }
}

function watchedTrait(name: string, watched: readonly WatchedTrait[], param: string): WatchedTrait {
  const found = watched.find(trait => trait.name === name)
  if (found) return found
  throw unknown(
    'trait',
    name,
    watched.map(trait => trait.name),
    param,
  )
}

function unknown(kind: 'trait' | 'vector', name: string, available: readonly string[], param: string): ApiError {
  const listed = available.length > 0 ? available.join(', ') : 'none'
  return new ApiError(400, `Unknown ${kind} '${name}'. There are: ${listed}.`, { param, code: `${kind}_unknown` })
}

function forbidden(what: string): ApiError {
  return new ApiError(403, `This key may not ${what}.`, { param: 'personascope', code: 'not_allowed' })
}
