import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { sha256, stableStringify } from '../store/hash.ts'
import { JsonLinesFile } from '../store/json-lines-file.ts'
import { type JudgeItem, type Judgement, scoreValue } from './judge.ts'
import type { LlmJudge } from './llm-judge.ts'

/** Whether a judge still scores as it did when it was first used. */
export interface JudgeDrift {
  /** `first`: there is nothing to compare with yet. `shifted`: by more than `largestShift` points, or it fell silent. */
  readonly status: 'first' | 'steady' | 'shifted'
  /** When the scores that are compared with were made. */
  readonly since: string
  /** Mean absolute difference from then, in points; undefined where no anchor has a score both times. */
  readonly expressionShift: number | undefined
  readonly coherenceShift: number | undefined
  /** Anchors that had a score of expression then and have none now. */
  readonly lost: number
  /** What to tell the user of a judge that shifted. */
  readonly warning: string | undefined
}

/** A larger mean absolute shift than this, in points of 100, is worth a warning. */
export const largestShift = 5

const scoresSchema = z.array(z.number().min(0).max(100).nullable())
const recordSchema = z.object({
  judge: z.string(),
  rubricHash: z.string(),
  anchorsHash: z.string(),
  expression: scoresSchema,
  coherence: scoresSchema,
  createdAt: z.string(),
})

type DriftRecord = z.infer<typeof recordSchema>

export interface JudgeDriftOptions {
  readonly signal?: AbortSignal
  /** Default: those that come with Personascope, the same for every trait. */
  readonly anchors?: readonly JudgeItem[]
}

/**
 * Judges a fixed set of answers anew and compares with the first time this judge, with this rubric, was checked: a
 * model behind a server can change under its name. Each check is added to `judge-drift.jsonl` in the directory.
 * @throws what the judge throws, DISK_FULL, FILE_UNWRITABLE
 */
export async function checkJudgeDrift(
  judge: LlmJudge,
  directory: string,
  { signal, anchors = builtInAnchors() }: JudgeDriftOptions = {},
): Promise<JudgeDrift> {
  const file = new JsonLinesFile(join(directory, 'judge-drift.jsonl'))
  const anchorsHash = sha256(stableStringify(anchors))
  const { id, rubricHash } = judge
  const first = (await file.read())
    .flatMap(value => recordSchema.safeParse(value).data ?? [])
    .find(record => record.judge === id && record.rubricHash === rubricHash && record.anchorsHash === anchorsHash)
  const judgements = await judge.fresh.score(anchors, signal ? { signal } : {})
  const now = toRecord(judgements, { judge: id, rubricHash, anchorsHash })
  await file.add(now)
  return compare(now, first)
}

/** Twelve answers, from warm to cruel and from clear to broken. */
export function builtInAnchors(): readonly JudgeItem[] {
  return JSON.parse(readFileSync(new URL('../../assets/judge-anchors.json', import.meta.url), 'utf8'))
}

function compare(now: DriftRecord, first: DriftRecord | undefined): JudgeDrift {
  const since = (first ?? now).createdAt
  const then = first ?? now
  const expressionShift = shiftOf(now.expression, then.expression)
  const coherenceShift = shiftOf(now.coherence, then.coherence)
  const lost = now.expression.filter((value, index) => value === null && then.expression[index] !== null).length
  const shift = Math.max(expressionShift ?? 0, coherenceShift ?? 0)
  const silent = lost > then.expression.length / 4
  const shifted = shift > largestShift || silent
  const changes = [
    ...(shift > largestShift ? [`by ${shift.toFixed(1)} points on average`] : []),
    ...(silent ? [`${lost} of ${now.expression.length} anchors have no score any more`] : []),
  ]
  return {
    status: first ? (shifted ? 'shifted' : 'steady') : 'first',
    since,
    expressionShift: first && expressionShift,
    coherenceShift: first && coherenceShift,
    lost,
    warning: shifted
      ? `${now.judge} scores the anchors otherwise than on ${since.slice(0, 10)} (${changes.join('; ')}): scores from before and after are not comparable`
      : undefined,
  }
}

/** Over the anchors that have a score both times. */
function shiftOf(now: readonly (number | null)[], then: readonly (number | null)[]): number | undefined {
  const shifts = now.flatMap((value, index) => {
    const before = then[index] ?? null
    return value === null || before === null ? [] : [Math.abs(value - before)]
  })
  return shifts.length === 0 ? undefined : shifts.reduce((sum, shift) => sum + shift, 0) / shifts.length
}

function toRecord(
  judgements: readonly Judgement[],
  facts: Pick<DriftRecord, 'judge' | 'rubricHash' | 'anchorsHash'>,
): DriftRecord {
  return {
    ...facts,
    expression: judgements.map(({ expression }) => scoreValue(expression) ?? null),
    coherence: judgements.map(({ coherence }) => scoreValue(coherence) ?? null),
    createdAt: new Date().toISOString(),
  }
}
