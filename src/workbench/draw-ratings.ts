import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { drawSample } from '../judge/ratings/draw-sample.ts'
import { keepKey } from '../judge/ratings/rating-folder.ts'
import type { RatingKey, RatingKind, RatingScale } from '../judge/ratings/rating-sample.ts'
import { ratingInstructions, ratingSheet, type SheetFormat } from '../judge/ratings/rating-sheet.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import { loadTrait } from '../trait/load-trait.ts'
import { judgeOfRun, readScoredRun } from './read-scored-run.ts'

export interface DrawRatingsOptions {
  readonly workspace: Workspace
  /** The name of a run, or the path of its folder. */
  readonly run: string
  readonly kind: RatingKind
  readonly count: number
  readonly strata: 'score' | 'level'
  /** A judge of the run, or a part of its name; the only one where none is named. */
  readonly judge?: string
  readonly scale: RatingScale
  readonly seed: number
  readonly format: SheetFormat
  /** Where the sheet goes; by default `ratings-<sample>.<format>` in the current folder. */
  readonly out?: string
  /** Writes over a sheet that is there, filled or not. */
  readonly force?: boolean
}

export interface DrawnRatings {
  readonly key: RatingKey
  readonly sheetPath: string
  readonly instructionsPath: string
  readonly keyPath: string
}

/**
 * Draws a blind sample of a run's scored answers and writes the sheet for raters, beside it how to rate, and apart from
 * both, in the workspace, the key.
 * @throws RUN_UNKNOWN, RUN_JUDGE_UNCLEAR, OPTION_INVALID where the sheet is there already or nothing can be drawn,
 * DISK_FULL, FILE_UNWRITABLE
 */
export async function drawRatings(options: DrawRatingsOptions): Promise<DrawnRatings> {
  const { workspace, kind, count, strata, scale, seed, format, force = false } = options
  const run = await readScoredRun(workspace.runs, options.run)
  const judge = judgeOfRun(run, options.judge)
  const { trait, name, path: runPath } = run
  const { key, items } = drawSample(run.answers, { trait, run: name, runPath, judge, kind, count, strata, scale, seed })
  if (items.length === 0) {
    const expected =
      kind === 'pairs' ? 'a run with answers to one question that differ in score' : 'a run with scored answers'
    throw new PersonascopeError('OPTION_INVALID', { option: 'the run', expected, got: name })
  }
  const sheetPath = resolve(options.out ?? `ratings-${key.id}.${format}`)
  if (!force && (await isThere(sheetPath))) {
    const expected = 'a file that is not there yet, so that nobody loses ratings (--force writes over it)'
    throw new PersonascopeError('OPTION_INVALID', { option: '--out', expected, got: sheetPath })
  }
  const keyPath = await keepKey(join(workspace.path, 'ratings'), key)
  const described = await loadTrait(trait, workspace.traits).catch(() => undefined)
  const instructionsPath = `${sheetPath.replace(/\.\w+$/, '')}.how-to-rate.md`
  const description = described?.trait.description
  await writeFileWhole(
    instructionsPath,
    ratingInstructions(kind, { name: trait, ...(description !== undefined && { description }) }, scale),
  )
  await writeFileWhole(sheetPath, ratingSheet(kind, items, format))
  return { key, sheetPath, instructionsPath, keyPath }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
