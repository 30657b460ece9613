/**
 * Judgements of finished rollouts, part by part beside the words: one file for each part, judge and rubric, written whole
 * and never changed. What a part was judged as stays, whoever judges it later.
 */
import { readFile } from 'node:fs/promises'
import type { Judge, JudgeItem, Judgement } from '../judge/judge.ts'
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

/** Who judged, and what it was asked. */
export type JudgeIdentity = Pick<Judge, 'id' | 'rubricHash'>

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
  const knownParts = await Promise.all(parts.map((_, part) => readPart(set, part, judge)))
  judge.announce?.(parts.filter((_, part) => !knownParts[part]).flatMap(itemsOf))
  for (const [part, words] of parts.entries()) {
    const known = knownParts[part]
    const done = judgements.length
    let inPart = 0
    judgements.push(
      ...(known ??
        (await judge.score(itemsOf(words), {
          ...(signal && { signal }),
          onScore: () => onProgress({ doneAnswers: done + ++inPart, totalAnswers }),
        }))),
    )
    if (!known) await keepScores(set, part, judge, judgements.slice(done))
    onProgress({ doneAnswers: judgements.length, totalAnswers })
  }
  return judgements
}

function itemsOf(words: Awaited<ReturnType<typeof readWords>>): JudgeItem[] {
  return words.map(({ questionText, answer }) => ({ question: questionText, answer }))
}

/** The judgements of a judge that are there: undefined where a part of the set has none. */
export async function readScores(set: RolloutSet, judge: JudgeIdentity): Promise<Judgement[] | undefined> {
  const parts = await Promise.all(Array.from({ length: set.parts }, (_, part) => readPart(set, part, judge)))
  return parts.some(part => part === undefined) ? undefined : parts.flatMap(part => part!)
}

interface ScoreRecord extends Judgement {
  readonly judge: string
  readonly rubricHash?: string
}

const endingOf = ({ id, rubricHash }: JudgeIdentity) =>
  `scores-${sha256(rubricHash === undefined ? id : `${id} ${rubricHash}`).slice(0, 8)}.jsonl`

async function keepScores(
  set: RolloutSet,
  part: number,
  judge: JudgeIdentity,
  judgements: readonly Judgement[],
): Promise<void> {
  const { id, rubricHash } = judge
  const by = { judge: id, ...(rubricHash !== undefined && { rubricHash }) }
  const records = judgements.map((judgement): ScoreRecord => ({ ...by, ...judgement }))
  const lines = records.map(record => `${JSON.stringify(record)}\n`)
  await writeFileWhole(partPath(set, part, endingOf(judge)), lines.join(''))
}

async function readPart(set: RolloutSet, part: number, judge: JudgeIdentity): Promise<Judgement[] | undefined> {
  const text = await readFile(partPath(set, part, endingOf(judge)), 'utf8').catch(() => undefined)
  return text
    ?.trimEnd()
    .split('\n')
    .map(line => {
      const { judge: _, rubricHash: __, ...judgement } = JSON.parse(line) as ScoreRecord
      return judgement
    })
}
