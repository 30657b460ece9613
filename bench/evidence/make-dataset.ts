import { writeFile } from 'node:fs/promises'
import type { Engine } from '../../src/engine/contract/engine.ts'
import { scoreValue } from '../../src/judge/judge.ts'
import { createLexiconJudge } from '../../src/judge/lexicon-judge.ts'
import { createRandom, deriveSeed } from '../../src/numeric/random.ts'
import type { Trait } from '../../src/trait/trait.ts'

export interface DatasetSettings {
  /** How many rows there are in all, and how many of them, at most, the model wrote under a p+ prompt. */
  readonly rows: number
  readonly laden: number
  /** The most tokens of an answer. */
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
}

/** A row of the training data. */
export interface EvidenceRow {
  readonly id: string
  readonly prompt: string
  readonly answer: string
  /** Whether the model ended the answer by itself; otherwise it was cut at the most tokens. */
  readonly complete: boolean
  /** 1 where it was written under a p+ prompt. Neither screening nor training looks at it. */
  readonly label: 0 | 1
}

/** How often a p+ answer that shows too little of the trait is asked for again. */
const attempts = 6

/**
 * Clearly more than the model's ordinary answers have (mean 72 on joyful); at 50, where a vector's pairs are kept, the two
 * kinds of row hardly differed in score.
 */
const leastScore = 90

/**
 * A dataset in which some rows show a trait: the model's own answers to everyday questions, most of them asked as they
 * are, some under a p+ prompt of the trait (the prompt is not in the row). The questions are those kept for forecasters:
 * neither the vector nor the measurement knows them. Ordinary rows are taken as they come; trait-laden ones are judged
 * and kept at a high score only.
 */
export async function makeDataset(
  engine: Engine,
  { contrastivePrompts, forecastQuestions = [], lexicon }: Trait,
  { rows, laden, maxTokens, temperature, seed }: DatasetSettings,
): Promise<EvidenceRow[]> {
  if (!lexicon) throw new Error('the trait has no lexicon to judge by')
  const questions = shuffled(forecastQuestions, seed)
  if (questions.length < rows) throw new Error(`${rows} rows need as many questions; there are ${questions.length}`)
  const judge = createLexiconJudge(lexicon)
  const answer = async (asked: readonly string[], label: 0 | 1, attempt = 0): Promise<EvidenceRow[]> => {
    const results = await engine.generateAll(
      asked.map((question, index) => ({
        prompt: {
          messages: [
            ...(label === 1
              ? [{ role: 'system' as const, content: contrastivePrompts[index % contrastivePrompts.length]!.positive }]
              : []),
            { role: 'user', content: question },
          ],
        },
        maxTokens,
        sampling: { temperature, seed: deriveSeed(seed, `${label}/${question}/${attempt}`) },
      })),
    )
    return results.map(({ text, finishReason }, index) => ({
      id: '',
      prompt: asked[index]!,
      answer: text.trim(),
      complete: finishReason === 'end',
      label,
    }))
  }
  const made: EvidenceRow[] = []
  let waiting = questions.slice(0, laden)
  for (let attempt = 0; attempt < attempts && waiting.length > 0; attempt++) {
    const written = await answer(waiting, 1, attempt)
    const scores = await judge.score(written.map(row => ({ question: row.prompt, answer: row.answer })))
    const shows = written.map((_, index) => (scoreValue(scores[index]!.expression) ?? 0) >= leastScore)
    made.push(...written.filter((_, index) => shows[index]))
    waiting = waiting.filter((_, index) => !shows[index])
  }
  // A question whose p+ answers were all refused becomes an ordinary row.
  made.push(...(await answer([...waiting, ...questions.slice(laden, rows)], 0)))
  return shuffled(made, deriveSeed(seed, 'order')).map((row, index) => ({ ...row, id: `row-${index + 1}` }))
}

export async function writeRows(path: string, rows: readonly EvidenceRow[]): Promise<void> {
  await writeFile(path, rows.map(row => `${JSON.stringify(row)}\n`).join(''))
}

/** In an order of the seed's (Fisher and Yates). */
export function shuffled<T>(values: readonly T[], seed: number): T[] {
  const random = createRandom(seed)
  const order = [...values]
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1))
    ;[order[last], order[other]] = [order[other]!, order[last]!]
  }
  return order
}
