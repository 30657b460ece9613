import { PersonascopeError } from '../errors/personascope-error.ts'

/** What `joyful@16=1.5` says. */
export interface SteeringWish {
  readonly vector: string
  /** Absent: the vector's own layer. */
  readonly layer: number | undefined
  /** A coefficient, or a relative dose. */
  readonly amount: number
}

/**
 * Reads `<vector>[@<layer>]=<number>`.
 * @throws STEERING_INVALID
 */
export function parseSteering(text: string): SteeringWish {
  const match = /^([^@=\s]+)(?:@(\d+))?=([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(text.trim())
  if (!match) throw new PersonascopeError('STEERING_INVALID', { got: text })
  const [, vector, layer, amount] = match
  return { vector: vector!, layer: layer === undefined ? undefined : Number(layer), amount: Number(amount) }
}
