import { describe, expect, test } from 'vitest'
import { createRandom } from '../numeric/random.ts'
import { dot, norm } from '../numeric/vector-math.ts'
import { type AnswerGroup, makeScreeningDirections, type ReadAnswer } from './screening-direction.ts'

const shape = { blockCount: 2, hiddenSize: 6 }
const random = createRandom(11)
const noise = () => random.next() + random.next() + random.next() - 1.5

/**
 * Dimension 0 holds the trait; 1 a way of writing that p- answers have and others do not; 2 one that both prompts bring
 * and ordinary answers do not have; 3 spreads a hundred times as far as all others. Layer 2 holds nothing.
 */
function answer(group: AnswerGroup, question: number): ReadAnswer {
  const layer = [
    (group === 'evoked' ? 1 : 0) + noise(),
    (group === 'suppressed' ? 3 : 0) + noise(),
    (group === 'ordinary' ? -3 : 0) + noise(),
    100 * noise(),
    noise(),
    noise(),
  ]
  return { group, question, responseMean: Float32Array.from([...layer, ...layer, ...layer.map(noise)]) }
}

const groups = ['evoked', 'suppressed', 'ordinary'] as const
const answers = groups.flatMap(group => Array.from({ length: 200 }, (_, at) => answer(group, at % 20)))

async function* read(of: readonly ReadAnswer[]) {
  yield* of
}

describe('the direction for screening', async () => {
  const made = (await makeScreeningDirections(() => read(answers), shape))!
  const row = (layer: number) => made.directions.subarray(layer * 6, (layer + 1) * 6)

  test('has length 1 at every layer and says what it was made from', () => {
    for (const layer of [0, 1, 2]) expect(norm(row(layer))).toBeCloseTo(1, 5)
    expect(made.answers).toEqual({ evoked: 200, suppressed: 200, ordinary: 200 })
  })

  test('points where the trait is, from p- and from ordinary answers, whatever a wide dimension says', () => {
    const [trait, written, prompted, wide] = row(1)
    expect(trait!).toBeGreaterThan(0.2)
    expect(written!).toBeLessThan(0)
    expect(prompted!).toBeGreaterThan(0)
    expect(Math.abs(wide!)).toBeLessThan(0.02)
  })

  test('tells answers of questions apart that it was not made from, and nothing where there is nothing', () => {
    expect(made.evidence).toHaveLength(3)
    expect(made.evidence[1]!.fromSuppressed).toBeGreaterThan(0.95)
    expect(made.evidence[1]!.fromOrdinary).toBeGreaterThan(0.95)
    expect(Math.abs(made.evidence[2]!.fromSuppressed - 0.5)).toBeLessThan(0.1)
    expect(Math.abs(made.evidence[2]!.fromOrdinary - 0.5)).toBeLessThan(0.1)
  })

  test('is the same in any order, and does not follow the size of activations', async () => {
    const turned = (await makeScreeningDirections(() => read(answers.toReversed()), shape))!
    const larger = answers.map(of => ({ ...of, responseMean: of.responseMean.map(value => 1000 * value) }))
    const scaled = (await makeScreeningDirections(() => read(larger), shape))!
    for (const other of [turned, scaled]) expect(dot(other.directions.subarray(6, 12), row(1))).toBeCloseTo(1, 6)
  })

  test('is not made where a kind of answer is missing', async () => {
    const without = answers.filter(({ group }) => group !== 'ordinary')
    expect(await makeScreeningDirections(() => read(without), shape)).toBeUndefined()
  })
})
