import type { ModelInfo } from '../engine/contract/engine-info.ts'
import type { Layer } from '../engine/contract/layer.ts'
import { sha256, stableStringify } from '../store/hash.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import type { Calibration } from '../vector/calibration.ts'
import { directionHash } from '../vector/direction-hash.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import type { ExperimentAnalysis } from './analyse-experiment.ts'
import type { ExperimentSettings } from './plan-experiment.ts'

export interface CalibrateParts {
  readonly model: ModelInfo
  readonly judge: string
  readonly trait: LoadedTrait
  readonly vector: PersonaVector
  readonly layer: Layer
  readonly settings: ExperimentSettings
  readonly analysis: ExperimentAnalysis
  readonly personascopeVersion: string
  readonly createdAt: string
}

/**
 * What an experiment says of projections to come.
 * @returns undefined without evidence: a line through noise would be taken for knowledge
 */
export function calibrate(parts: CalibrateParts): Calibration | undefined {
  const { model, judge, trait, vector, layer, settings, analysis, personascopeVersion, createdAt } = parts
  const { verdict, line, answerLine, projectionRange: range, correlation } = analysis
  const { perCondition, withinLevel } = correlation
  if (verdict.kind !== 'evidence' || !line || !answerLine || !perCondition) return undefined
  const { id, fileHash, chatTemplate } = model
  const { r, low, high } = perCondition
  return {
    format: 'personascope-calibration',
    formatVersion: 1,
    conditionalOn: {
      model: { id, fileHash, chatTemplateHash: chatTemplate?.hash ?? '' },
      trait: { name: trait.trait.name, hash: trait.hash },
      ladderHash: sha256(stableStringify(trait.trait.ladder)),
      directionHash: directionHash(vector, layer),
      layer,
      position: 'prompt_last',
      judge,
      sampling: { temperature: settings.temperature, maxTokens: settings.maxTokens },
    },
    line,
    answerLine,
    range,
    evidence: { r, low, high, withinLevelR: withinLevel?.r ?? null },
    personascopeVersion,
    createdAt,
  }
}
