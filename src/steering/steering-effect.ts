import type { Engine } from '../engine/contract/engine.ts'
import type { Layer } from '../engine/contract/layer.ts'
import type { Prompt } from '../engine/contract/prompt.ts'
import type { Steering } from '../engine/contract/steering.ts'
import { relativeError } from '../numeric/vector-math.ts'

/** Under this, the last layer is within what rounding alone does to it. */
const noticeable = 1e-4

export interface SteeringEffect {
  /** How far the last prompt token's last layer moved, relative to its length. */
  readonly relativeChange: number
  /** False where the setting does nothing that could be measured. */
  readonly measurable: boolean
}

/**
 * What steering does to the state from which the first response token is predicted: two passes over the prompt, with
 * and without. Tells a setting that does nothing from one that works, before anything is written.
 */
export async function measureSteeringEffect(
  engine: Engine,
  prompt: Prompt,
  steering: readonly Steering[],
): Promise<SteeringEffect> {
  const capture = { layers: [engine.model.blockCount as Layer], promptLast: true }
  const [plain, steered] = await engine.forwardAll([
    { prompt, capture },
    { prompt, capture, steering },
  ])
  const relativeChange = relativeError(steered!.activations!.promptLast!, plain!.activations!.promptLast!)
  return { relativeChange, measurable: relativeChange > noticeable }
}
