import { createHash, type Hash } from 'node:crypto'
import type { Capture, Probe } from '../../contract/capture.ts'
import type { Steering } from '../../contract/steering.ts'
import type { PreparedRequest } from '../../request/prepared-request.ts'

/**
 * The name of a prompt's first `length` tokens as this request computes them: equal names mean equal bytes.
 *
 * It covers the tokens, the cuts between passes, the steering that acts on these tokens, and what is captured of
 * them; and, where the prefix is the whole prompt, also what acts on its last token only. How deep it was computed
 * is not part of the name: the store checks it.
 */
export function prefixKey(request: PreparedRequest, length: number): string {
  const whole = length === request.promptLength
  const hash = createHash('sha256')
  hash.update(Int32Array.from(request.tokens.slice(0, length)))
  add(hash, 'cuts', ...request.boundaries.filter(boundary => boundary <= length))
  for (const steering of request.steering) {
    if (whole || steering.positions !== 'response') addSteering(hash, steering)
  }
  if (request.capture) addCapture(hash, request.capture, whole)
  return hash.digest('base64')
}

function addSteering(hash: Hash, steering: Steering): void {
  const { layer, mode, positions = 'all', when } = steering
  add(hash, 'steering', layer, mode, positions)
  if (steering.mode === 'add') add(hash, steering.coefficient).update(steering.vector)
  else hash.update(steering.direction)
  if (steering.mode === 'cap') add(hash, steering.ceiling)
  if (when) add(hash, 'when', when.layer, when.above).update(when.direction)
}

function addCapture(hash: Hash, capture: Capture, whole: boolean): void {
  const { layers, promptMean = false, promptLast = false, probes = [] } = capture
  if (promptMean || (whole && promptLast)) add(hash, 'layers', String(layers), promptMean, whole && promptLast)
  probes.forEach((probe: Probe) => {
    add(hash, 'probe', probe.layer, probe.positions ?? 'all').update(probe.direction)
  })
}

function add(hash: Hash, ...values: (string | number | boolean)[]): Hash {
  return hash.update(`${values.join(',')};`)
}
