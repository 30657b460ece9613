import { readdir, readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Judgement, Score } from '../judge/judge.ts'
import type { ScoredAnswer } from '../judge/ratings/rating-sample.ts'
import type { ContrastiveRollout, PlannedRollout } from '../rollout/plan-rollouts.ts'
import { finishedParts, partPath, type Rollout, type RolloutSet, readWords } from '../rollout/rollout-store.ts'
import { type JudgeIdentity, readScores } from '../rollout/score-rollouts.ts'
import { readJsonFile } from '../store/json-file.ts'
import type { RunManifest } from '../store/run-folder.ts'
import type { LadderStep } from '../trait/trait.ts'

/** The answers of a run and what judges gave them. */
export interface ScoredRun {
  readonly name: string
  readonly path: string
  readonly trait: string
  readonly set: RolloutSet
  /** The names of the judges that scored all of it. */
  readonly judges: readonly string[]
  readonly answers: readonly ScoredAnswer[]
  /** By judge, in the order of the answers. */
  readonly expressions: Readonly<Record<string, readonly Score[]>>
}

/** What of a run's plan is looked at. */
interface Plan {
  readonly trait: { readonly name: string; readonly ladder?: readonly LadderStep[] }
}

/** The set of answers that a run of each kind is about. */
const sets: Readonly<Record<string, string>> = { extract: 'rollouts', experiment: 'answers' }

/**
 * Reads a run of `vector extract` or `experiment run`: finished parts only.
 * @param runs the folder of all runs
 * @param nameOrPath the name of a run in it, or the path of its folder
 * @throws RUN_UNKNOWN
 */
export async function readScoredRun(runs: string, nameOrPath: string): Promise<ScoredRun> {
  const { path, manifest } = await findRun(runs, nameOrPath)
  const setName = sets[manifest.kind]!
  const parts = await finishedParts({ folder: path, name: setName })
  let count = 0
  while (parts.has(count)) count++
  const set: RolloutSet = { folder: path, name: setName, parts: count }
  const { trait } = manifest.plan
  const words = (
    await Promise.all(Array.from({ length: count }, (_, part) => readWords<PlannedRollout>(set, part)))
  ).flat()
  const expressions = await readExpressions(set)
  const answers = words.map((rollout, index): ScoredAnswer => {
    const scores = Object.entries(expressions).flatMap(([judge, own]): [string, number][] => {
      const score = own[index]
      return score?.status === 'scored' ? [[judge, score.value]] : []
    })
    const { questionText: question, answer } = rollout
    return { index, question, answer, level: levelOf(rollout, trait.ladder), scores: Object.fromEntries(scores) }
  })
  return { name: basename(path), path, trait: trait.name, set, judges: Object.keys(expressions), answers, expressions }
}

/**
 * The judge that is meant: by its name, or a part of it that no other has; the only one where none is named.
 * @throws RUN_JUDGE_UNCLEAR
 */
export function judgeOfRun({ name, judges }: Pick<ScoredRun, 'name' | 'judges'>, wanted: string | undefined): string {
  const fitting = judges.includes(wanted ?? '') ? [wanted!] : judges.filter(judge => judge.includes(wanted ?? ''))
  if (fitting.length === 1) return fitting[0]!
  const available = judges.join(', ') || 'none'
  throw new PersonascopeError('RUN_JUDGE_UNCLEAR', { run: name, judge: wanted ?? '', available })
}

async function findRun(runs: string, nameOrPath: string) {
  for (const path of [join(runs, basename(nameOrPath)), resolve(nameOrPath)]) {
    const manifest = await readJsonFile<RunManifest<Plan>>(join(path, 'manifest.json')).catch(() => undefined)
    if (manifest && manifest.kind in sets && basename(path) === basename(resolve(nameOrPath))) return { path, manifest }
  }
  const names = (await readdir(runs).catch(() => [])).filter(name => /^(extract|experiment)-/.test(name)).sort()
  throw new PersonascopeError('RUN_UNKNOWN', { run: nameOrPath, available: names.join(', ') || 'none' })
}

/** What every judge gave that scored all parts, by its name. */
async function readExpressions(set: RolloutSet): Promise<Record<string, Score[]>> {
  const found: { readonly identity: JudgeIdentity; readonly judgements: readonly Judgement[] }[] = []
  for (const identity of await judgesOf(set)) {
    const judgements = await readScores(set, identity)
    if (judgements) found.push({ identity, judgements })
  }
  const named = found.map(({ identity: { id, rubricHash }, judgements }) => {
    const isAlone = found.filter(({ identity }) => identity.id === id).length === 1
    const name = isAlone || rubricHash === undefined ? id : `${id} (rubric ${rubricHash.slice(0, 8)})`
    return [name, judgements.map(({ expression }) => expression)] as const
  })
  return Object.fromEntries(named)
}

/** Who scored the first part. */
async function judgesOf(set: RolloutSet): Promise<JudgeIdentity[]> {
  const beginning = basename(partPath(set, 0, 'scores-'))
  const files = (await readdir(set.folder)).filter(file => file.startsWith(beginning)).sort()
  return await Promise.all(
    files.map(async file => {
      const [first] = (await readFile(join(set.folder, file), 'utf8')).split('\n', 1)
      const { judge: id, rubricHash } = JSON.parse(first!) as { judge: string; rubricHash?: string }
      return { id, ...(rubricHash !== undefined && { rubricHash }) }
    }),
  )
}

function levelOf(rollout: Rollout<PlannedRollout>, ladder: readonly LadderStep[] | undefined): string {
  const { side } = rollout as Partial<ContrastiveRollout>
  if (side) return side
  const step = ladder?.find(({ prompt }) => prompt === rollout.systemPrompt)
  return String(step?.level ?? '')
}
