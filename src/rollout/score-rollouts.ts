/**
 * Judgements of finished rollouts, part by part beside the words: one file for each part and judge, written whole and
 * never changed. What a part was judged as stays, whoever judges it later.
 */
import { readFile } from 'node:fs/promises'
import type { Judge, Judgement } from '../judge/judge.ts'
import { sha256 } from '../store/hash.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import { partPath, type RolloutSet, readWords } from './rollout-store.ts'

export interface ScoreProgress {
  readonly doneAnswers: number
  /** In all parts. Known once all parts before the last are read; before that, of those read. */
  readonly totalAnswers: number
}

export interface ScoreOptions {
  readonly onProgress?: (progress: ScoreProgress) => void
  readonly signal?: AbortSignal
}

/**
 * Has a judge score what it has not scored yet.
 * @returns the judgements in the order of the rollouts
 * @throws what the judge throws; what was scored stays
 */
export async function scoreRollouts(
  judge: Judge,
  set: RolloutSet,
  { onProgress = () => {}, signal }: ScoreOptions = {},
): Promise<Judgement[]> {
  const judgements: Judgement[] = []
  const parts = await Promise.all(Array.from({ length: set.parts }, (_, part) => readWords(set, part)))
  const totalAnswers = parts.reduce((sum, part) => sum + part.length, 0)
  for (const [part, words] of parts.entries()) {
    const known = await readPart(set, part, judge.id)
    const done = judgements.length
    let inPart = 0
    judgements.push(
      ...(known ??
        (await judge.score(
          words.map(({ questionText, answer }) => ({ question: questionText, answer })),
          {
            ...(signal && { signal }),
            onScore: () => onProgress({ doneAnswers: done + ++inPart, totalAnswers }),
          },
        ))),
    )
    if (!known) await keepScores(set, part, judge.id, judgements.slice(done))
    onProgress({ doneAnswers: judgements.length, totalAnswers })
  }
  return judgements
}

/** The judgements of a judge that are there: undefined where a part of the set has none. */
export async function readScores(set: RolloutSet, judgeId: string): Promise<Judgement[] | undefined> {
  const parts = await Promise.all(Array.from({ length: set.parts }, (_, part) => readPart(set, part, judgeId)))
  return parts.some(part => part === undefined) ? undefined : parts.flatMap(part => part!)
}

interface ScoreRecord extends Judgement {
  readonly judge: string
}

const endingOf = (judgeId: string) => `scores-${sha256(judgeId).slice(0, 8)}.jsonl`

async function keepScores(
  set: RolloutSet,
  part: number,
  judgeId: string,
  judgements: readonly Judgement[],
): Promise<void> {
  const records = judgements.map((judgement): ScoreRecord => ({ judge: judgeId, ...judgement }))
  const lines = records.map(record => `${JSON.stringify(record)}\n`)
  await writeFileWhole(partPath(set, part, endingOf(judgeId)), lines.join(''))
}

async function readPart(set: RolloutSet, part: number, judgeId: string): Promise<Judgement[] | undefined> {
  const text = await readFile(partPath(set, part, endingOf(judgeId)), 'utf8').catch(() => undefined)
  return text
    ?.trimEnd()
    .split('\n')
    .map(line => {
      const { judge: _, ...judgement } = JSON.parse(line) as ScoreRecord
      return judgement
    })
}
