import { compareJudges, type JudgeComparison } from '../judge/compare-judges.ts'
import type { Judge, Score } from '../judge/judge.ts'
import { scoreRollouts } from '../rollout/score-rollouts.ts'
import { judgeOfRun, readScoredRun, type ScoredRun } from './read-scored-run.ts'

export interface CompareRunJudgesOptions {
  /** The folder of all runs. */
  readonly runs: string
  /** The name of a run, or the path of its folder. */
  readonly run: string
  /** Judges that scored the run (their name, or a part of it), or others, which score it then. */
  readonly judges: readonly [string, string]
  /** Opens a judge that has not scored the run. */
  readonly openJudge: (judge: string, run: ScoredRun) => Promise<Judge>
  readonly onProgress?: (judge: string, done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface ComparedJudges extends JudgeComparison {
  readonly run: string
  readonly trait: string
  /** The names of the two. */
  readonly judges: readonly [string, string]
}

/**
 * How far two judges agree on the answers of a run. One that has not scored them does so first; what it says is kept
 * beside the answers.
 * @throws RUN_UNKNOWN, what opening a judge and judging throw
 */
export async function compareRunJudges(options: CompareRunJudgesOptions): Promise<ComparedJudges> {
  const run = await readScoredRun(options.runs, options.run)
  const first = await expressionsOf(run, options.judges[0], options)
  const second = await expressionsOf(run, options.judges[1], options)
  const questions = run.answers.map(({ question }) => question)
  const comparison = compareJudges(first.scores, second.scores, questions)
  return { run: run.name, trait: run.trait, judges: [first.name, second.name], ...comparison }
}

async function expressionsOf(
  run: ScoredRun,
  wanted: string,
  { openJudge, onProgress = () => {}, signal }: CompareRunJudgesOptions,
): Promise<{ name: string; scores: readonly Score[] }> {
  if (run.judges.some(judge => judge.includes(wanted))) {
    const name = judgeOfRun(run, wanted)
    return { name, scores: run.expressions[name]! }
  }
  const judge = await openJudge(wanted, run)
  const judgements = await scoreRollouts(judge, run.set, {
    onProgress: ({ doneAnswers, totalAnswers }) => onProgress(judge.id, doneAnswers, totalAnswers),
    ...(signal && { signal }),
  })
  return { name: judge.id, scores: judgements.map(({ expression }) => expression) }
}
