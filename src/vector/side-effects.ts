import { readFileSync } from 'node:fs'
import type { Engine } from '../engine/contract/engine.ts'
import type { ForwardRequest } from '../engine/contract/forward.ts'
import { mean } from '../numeric/moments.ts'
import type { PlannedRollout } from '../rollout/plan-rollouts.ts'
import type { Rollout } from '../rollout/rollout-store.ts'
import { promptOf } from '../rollout/run-rollouts.ts'
import { coefficientOf } from './dose.ts'
import type { SideEffects } from './layer-evidence.ts'
import { directionAt, type PersonaVector } from './persona-vector.ts'

/** Plain prose about this and that, written for this purpose. */
const unrelatedTexts = JSON.parse(
  readFileSync(new URL('../../assets/unrelated-texts.json', import.meta.url), 'utf8'),
) as readonly string[]

/** How much of a text is given before what follows is measured. */
const givenCharacters = 40

/**
 * What steering at the vector's layer does to text that has nothing to do with the trait: the perplexity of plain prose,
 * and the KL divergence from the unsteered model, estimated on that model's own answers as the mean of
 * log p(unsteered) - log p(steered) over their tokens.
 * @param answers of the unsteered model
 * @param doses relative, signed
 */
export async function measureSideEffects(
  engine: Engine,
  vector: PersonaVector,
  answers: readonly Rollout<PlannedRollout>[],
  doses: readonly number[],
  signal?: AbortSignal,
): Promise<SideEffects> {
  const layer = vector.defaultLayer
  const written = answers.filter(({ answer }) => answer !== '')
  const requests: ForwardRequest[] = [
    ...unrelatedTexts.map(text => ({
      prompt: { text: text.slice(0, givenCharacters) },
      response: text.slice(givenCharacters),
      responseLogprobs: true,
    })),
    ...written.map(rollout => ({ prompt: promptOf(rollout), response: rollout.answer, responseLogprobs: true })),
  ]
  const read = async (dose: number) => {
    const steering =
      dose === 0
        ? []
        : [
            {
              mode: 'add',
              layer,
              vector: directionAt(vector, layer),
              coefficient: coefficientOf(vector, layer, dose),
            } as const,
          ]
    const results = await engine.forwardAll(
      requests.map(request => ({ ...request, steering })),
      signal ? { signal } : {},
    )
    const logprobs = results.map(result => Array.from(result.responseLogprobs!))
    return {
      texts: mean(logprobs.slice(0, unrelatedTexts.length).flat()) ?? 0,
      answers: mean(logprobs.slice(unrelatedTexts.length).flat()) ?? 0,
    }
  }
  const plain = await read(0)
  const atDose = []
  for (const dose of doses) {
    const steered = await read(dose)
    atDose.push({
      dose,
      perplexityRatio: Math.exp(plain.texts - steered.texts),
      divergence: plain.answers - steered.answers,
    })
  }
  return { layer, texts: unrelatedTexts.length, answers: written.length, atDose }
}
