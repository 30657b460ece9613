import { PersonascopeError } from '../errors/personascope-error.ts'
import {
  type Baseline,
  type BaselineFile,
  baselineOfTrait,
  baselinePath,
  writeBaseline,
} from '../screening/baseline.ts'
import { openScores } from '../screening/scores-file.ts'
import type { StoredScreening } from '../screening/screening-result.ts'
import type { Workspace } from '../store/workspace.ts'
import { fileName } from '../vector/vector-file.ts'

/** Where the baseline of a finished screening was written, and for which traits. */
export interface WrittenBaseline {
  readonly path: string
  readonly file: BaselineFile
}

/**
 * Keeps how the projections of a finished screening are spread, to compare others with.
 * @param source `own-answers`: not the rows' responses but the model's own answers, which the run must have asked for
 * @throws BASELINE_FLAT, DISK_FULL, FILE_UNWRITABLE
 */
export async function keepBaseline(
  { plan, folder }: Pick<StoredScreening, 'plan' | 'folder'>,
  workspace: Workspace,
  name: string,
  source: BaselineFile['source'],
): Promise<WrittenBaseline> {
  await using scores = await openScores(folder)
  const traits: Record<string, Baseline> = {}
  for (const trait of plan.traits) {
    const baseline = await baselineOfTrait(scores, trait, source)
    // All rows asked the same thing, or there is one only.
    if (!baseline) throw new PersonascopeError('BASELINE_FLAT', { trait: trait.name })
    traits[trait.name] = baseline
  }
  const path = baselinePath(workspace.path, plan.model.id, fileName(name))
  const file: BaselineFile = {
    format: 'personascope-baseline',
    formatVersion: 1,
    model: plan.model,
    source,
    files: plan.files.map(({ path: of, sha256: hash }) => ({ path: of, sha256: hash })),
    traits,
  }
  await writeBaseline(path, file)
  return { path, file }
}
