/** Writes fixtures/*.csv: rows of made-up experiments in which levels, questions and single prompts all matter. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConditionRow } from '../../src/experiment/experiment-rows.ts'
import { answersToCsv } from '../../src/experiment/rows-to-csv.ts'
import { normalDraws, syntheticRows } from '../../src/experiment/synthetic-rows.case.ts'

const effects = Array.from({ length: 30 }, normalDraws(5))
const mixed = {
  seed: 12,
  levels: 5,
  questions: 12,
  samples: 4,
  project: ({ step, question }: ConditionRow, draw: () => number) => 40 + 1.2 * step + effects[question]! + 3 * draw(),
  baseline: ({ step }: ConditionRow, projection: number, draw: () => number) => step + 0.4 * projection + 2 * draw(),
}
const score = ({ step, question }: ConditionRow, projection: number, draw: () => number) =>
  Math.min(100, Math.max(0, 5 + 0.9 * projection + 2 * step + 4 * effects[question + 1]! + 12 * draw()))

const balanced = syntheticRows({ ...mixed, score })
const unbalanced = syntheticRows({
  ...mixed,
  seed: 13,
  questions: 9,
  score: (condition, projection, draw, sample) => {
    const value = score(condition, projection, draw)
    // One condition without any score, and here and there one that is missing.
    const isGone = condition.step === 1 && condition.question === 2
    return isGone || (7 * condition.question + 3 * condition.step + sample) % 5 === 0 ? undefined : value
  },
})
await writeFile(join(import.meta.dirname, 'fixtures/balanced.csv'), answersToCsv(balanced))
await writeFile(join(import.meta.dirname, 'fixtures/unbalanced.csv'), answersToCsv(unbalanced))
