import { join } from 'node:path'
import { wordsHash } from '../judge/ratings/draw-sample.ts'
import { type RatingAgreement, ratingAgreement } from '../judge/ratings/rating-agreement.ts'
import { findKey, ratingStoreOf } from '../judge/ratings/rating-folder.ts'
import type { KeyAnswer, RatingKey } from '../judge/ratings/rating-sample.ts'
import type { Workspace } from '../store/workspace.ts'
import { judgeOfRun, readScoredRun } from './read-scored-run.ts'

export interface AgreeRatingsOptions {
  readonly workspace: Workspace
  /** Undefined where there is one sample only. */
  readonly sample?: string
  /** A judge of the run, or a part of its name; by default the one whose scores the sample was drawn by. */
  readonly judge?: string
  readonly seed?: number
}

export interface AgreedRatings extends RatingAgreement {
  readonly trait: string
  readonly run: string
}

/**
 * How far a judge agrees with the people who rated a sample. Judges that scored the run after the sample was drawn can
 * be named too, as long as the run is there.
 * @throws RATING_SAMPLE_UNKNOWN, RUN_JUDGE_UNCLEAR, FILE_INVALID
 */
export async function agreeRatings({ workspace, sample, judge, seed }: AgreeRatingsOptions): Promise<AgreedRatings> {
  const folder = join(workspace.path, 'ratings')
  const key = await findKey(folder, sample)
  const later = await laterScores(workspace, key)
  const known = new Set(key.items.flatMap(({ a, b }) => [a, b].flatMap(answer => Object.keys(answer?.scores ?? {}))))
  const judges = [...new Set([...known, ...later.judges])].sort()
  const chosen = judgeOfRun({ name: key.run, judges }, judge ?? key.judge)
  const scoreOf = (answer: KeyAnswer) => answer.scores[chosen] ?? later.scoreOf(answer, chosen)
  const ratings = await ratingStoreOf(folder, key.id).latest()
  return { trait: key.trait, run: key.run, ...ratingAgreement(key, ratings, chosen, scoreOf, seed) }
}

/** What the run says now; nothing where it is gone or holds other answers. */
async function laterScores({ runs }: Workspace, { runPath, run }: RatingKey) {
  const found =
    (await readScoredRun(runs, runPath).catch(() => undefined)) ??
    (await readScoredRun(runs, run).catch(() => undefined))
  const scoreOf = ({ index, hash }: KeyAnswer, judge: string): number | undefined => {
    const answer = found?.answers[index]
    return answer && wordsHash(answer) === hash ? answer.scores[judge] : undefined
  }
  return { judges: found?.judges ?? [], scoreOf }
}
