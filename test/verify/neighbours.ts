/** Whether requests that run beside a request show in its answer. */
import type { Engine, RequestOptions } from '../../src/engine/contract/engine.ts'
import type { GenerateRequest } from '../../src/engine/contract/generate.ts'
import { asLayer } from '../../src/engine/contract/layer.ts'
import type { TokenId } from '../../src/engine/contract/prompt.ts'
import { createRandom } from '../../src/numeric/random.ts'

export interface NeighbourOptions {
  readonly mode: NonNullable<RequestOptions['mode']>
  /** Answers that are compared with themselves alone. */
  readonly subjects: number
  /** Others beside all of them. */
  readonly neighbours: number
  readonly maxTokens: number
}

export interface NeighbourReport {
  readonly answers: number
  /** Answers that came out otherwise. */
  readonly different: number
  /** Tokens up to the first other one, and how many there were in all. */
  readonly sameTokens: number
  readonly tokens: number
  /** Answers whose readings, token by token, came out with other bits. */
  readonly otherReadings: number
}

interface Written {
  readonly tokens: readonly TokenId[]
  readonly readings: readonly number[]
}

const topics =
  'bread,rivers,chess,winter,trains,bees,letters,music,gardens,stars,tea,maps,salt,clocks,paint,rain'.split(',')

/** Greedy answers, steered one way; alone, and beside each other and others that are steered the opposite way. */
export async function compareWithNeighbours(
  engine: Engine,
  { mode, subjects, neighbours, maxTokens }: NeighbourOptions,
): Promise<NeighbourReport> {
  const random = createRandom(3)
  const vector = Float32Array.from({ length: engine.model.hiddenSize }, () => random.next() - 0.5)
  const layer = asLayer(Math.ceil(engine.model.blockCount / 2), engine.model)
  const request = (index: number, coefficient: number): GenerateRequest => ({
    prompt: {
      messages: [{ role: 'user', content: `Tell me ${index} things about ${topics[index % topics.length]}.` }],
    },
    // Not all end at the same time.
    maxTokens: maxTokens - (index % 3),
    sampling: { temperature: 0 },
    steering: [{ layer, mode: 'add', vector, coefficient }],
    capture: { layers: [], probes: [{ name: 'a', layer, direction: vector }], responseMean: true },
    ignoreEndOfTurn: true,
  })
  const asked = Array.from({ length: subjects }, (_, index) => request(index, 1))
  const others = Array.from({ length: neighbours }, (_, index) => request(subjects + index, -1))
  const write = async (one: GenerateRequest): Promise<Written> => {
    const { tokens, activations } = await engine.generate(one, { mode })
    return { tokens, readings: [...activations!.readings[0]!.response] }
  }
  const alone: Written[] = []
  for (const one of asked) alone.push(await write(one))
  const beside = (await Promise.all([...asked, ...others].map(write))).slice(0, subjects)
  const same = alone.map(({ tokens }, index) => {
    const first = tokens.findIndex((token, place) => token !== beside[index]!.tokens[place])
    return first < 0 ? tokens.length : first
  })
  return {
    answers: subjects,
    different: same.filter((count, index) => count < alone[index]!.tokens.length).length,
    sameTokens: same.reduce((sum, count) => sum + count, 0),
    tokens: alone.reduce((sum, { tokens }) => sum + tokens.length, 0),
    otherReadings: alone.filter(({ readings }, index) => `${readings}` !== `${beside[index]!.readings}`).length,
  }
}
