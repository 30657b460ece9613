import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { scoreValue } from '../../src/judge/judge.ts'
import { createLexiconJudge } from '../../src/judge/lexicon-judge.ts'
import type { RolloutSet } from '../../src/rollout/rollout-store.ts'
import { readAnswers } from '../../src/shift/answer-questions.ts'
import type { ShiftSummary } from '../../src/shift/shift-summary.ts'
import { writeJsonFile } from '../../src/store/json-file.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { writeFileWhole } from '../../src/store/write-file-whole.ts'
import { loadTrait } from '../../src/trait/load-trait.ts'
import { loadVector } from '../../src/workbench/load-vector.ts'
import { measureShift } from '../../src/workbench/measure-shift.ts'
import { readyShiftModels } from '../../src/workbench/ready-shift-models.ts'
import { type ArmValues, type ComparedArms, compareArms } from './compare-arms.ts'
import { evidenceReadme } from './evidence-readme.ts'
import { evidenceReport } from './evidence-report.ts'
import type { DatasetSettings } from './make-dataset.ts'

/**
 * What a model was trained on: everything, without the rows `screen filter` found, without as many random ones, and as a
 * control without the rows that were written to show the trait, which no filter knows.
 */
export const arms = ['mixed', 'filtered', 'random', 'labelled'] as const
export type Arm = (typeof arms)[number]
export const seeds = [1, 2, 3] as const

/** What was made before anything is measured. */
export interface Evidence {
  readonly trait: string
  readonly model: string
  readonly screening: {
    readonly rows: number
    readonly laden: number
    readonly removed: number
    /** Of the rows that were taken out, those that show the trait. */
    readonly ladenRemoved: number
    /** What rows were projected on, and at which layer. */
    readonly direction: 'screening' | 'persona'
    readonly layer: number
    /** The area under the ROC curve of each way of telling rows apart. */
    readonly areas: readonly {
      readonly name: string
      readonly area: number
      readonly low: number
      readonly high: number
    }[]
  }
  readonly dataset: DatasetSettings
  readonly training: Readonly<Record<string, unknown>>
  readonly runs: readonly EvidenceRun[]
}

export interface EvidenceRun {
  readonly arm: Arm
  readonly seed: number
  /** The adapter. */
  readonly path: string
  /** What the fine-tune said of itself. */
  readonly report: Readonly<Record<string, unknown>>
}

/** What `summary.json` holds. */
export interface EvidenceSummary extends Omit<Evidence, 'runs'> {
  readonly runs: readonly (Omit<EvidenceRun, 'path'> & { readonly shift: number; readonly scoreChange: number })[]
  readonly shift: ComparedArms
  readonly score: ComparedArms
  readonly base: ShiftSummary['base']
  readonly settings: ShiftSummary['settings']
  readonly createdAt: string
}

/** Of one model's answers, by question. */
interface Means {
  readonly projection: readonly number[]
  readonly score: readonly number[]
}

export interface MeasureOptions {
  readonly workspace: string
  readonly engineOptions: { readonly contexts: number; readonly threadsPerContext: number }
  readonly out: string
  readonly note: (text: string) => void
}

/** Measures the finetuning shift and the score of every adapter on the trait's evaluation questions, and compares the arms. */
export async function measureEvidence(evidence: Evidence, options: MeasureOptions): Promise<void> {
  const { out, note } = options
  const workspace = openWorkspace(options.workspace)
  const loaded = await loadTrait(evidence.trait, workspace.traits)
  const { lexicon } = loaded.trait
  if (!lexicon) throw new Error('the trait has no lexicon to judge by')
  const judge = createLexiconJudge(lexicon)
  const [base, ...tuned] = await readyShiftModels(
    [evidence.model, ...evidence.runs.map(({ path }) => path)],
    options.engineOptions,
  )
  const { vector } = await loadVector(evidence.trait, workspace, base.shape.id)
  let said = ''
  const { summary, sets, reportPath } = await measureShift({
    base,
    tuned,
    traits: [{ trait: loaded, vector, judge }],
    workspace,
    // As long as the answers that were trained on.
    settings: { maxTokens: evidence.dataset.maxTokens },
    onProgress: ({ phase, model }) => {
      if (said !== phase + model) note(`${phase}: ${model}`)
      said = phase + model
    },
  })
  const questions = loaded.trait.evaluationQuestions.length
  const meansOf = async ([set]: readonly RolloutSet[]): Promise<Means> => {
    const answers = await readAnswers(set!)
    const items = answers.map(({ questionText, answer }) => ({ question: questionText, answer }))
    const scores = (await judge.score(items)).map(({ expression }) => scoreValue(expression))
    const mean = (read: (index: number) => number | undefined) =>
      Array.from({ length: questions }, (_, question) => {
        const values = answers.flatMap((answer, index) => (answer.question === question ? (read(index) ?? []) : []))
        return values.reduce((sum, value) => sum + value, 0) / values.length
      })
    return { projection: mean(index => answers[index]!.projections?.[0]), score: mean(index => scores[index]) }
  }
  const [ofBase, ...ofRuns] = (await Promise.all(sets.map(meansOf))) as [Means, ...Means[]]
  const measured = arms.filter(arm => evidence.runs.some(run => run.arm === arm))
  const differences = (of: 'projection' | 'score'): ArmValues[] =>
    measured.map(arm => ({
      arm,
      values: seeds.map(seed => {
        const run = evidence.runs.findIndex(entry => entry.arm === arm && entry.seed === seed)
        return ofRuns[run]![of].map((value, question) => value - ofBase[of][question]!)
      }),
    }))
  const [shift, score] = [compareArms(differences('projection')), compareArms(differences('score'))]
  const meanOf = (compared: ComparedArms, { arm, seed }: EvidenceRun) =>
    compared.arms.find(entry => entry.arm === arm)!.bySeed[seeds.indexOf(seed as (typeof seeds)[number])]!
  const result: EvidenceSummary = {
    ...evidence,
    runs: evidence.runs.map(({ path: _, ...run }) => ({
      ...run,
      shift: meanOf(shift, { path: _, ...run }),
      scoreChange: meanOf(score, { path: _, ...run }),
    })),
    shift,
    score,
    base: summary.base,
    settings: summary.settings,
    createdAt: new Date().toISOString(),
  }
  await mkdir(out, { recursive: true })
  await writeJsonFile(join(out, 'summary.json'), result)
  await writeFileWhole(join(out, 'report.html'), evidenceReport(result))
  await writeFileWhole(join(out, 'README.md'), evidenceReadme(result))
  await copyFile(reportPath, join(out, 'shift.html'))
  note(`Written to ${out}.`)
}
