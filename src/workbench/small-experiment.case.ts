import type { Judge } from '../judge/judge.ts'
import { createLexiconJudge } from '../judge/lexicon-judge.ts'
import { openWorkspace } from '../store/workspace.ts'
import { exampleTrait } from '../trait/example-trait.case.ts'
import type { LoadedTrait } from '../trait/load-trait.ts'
import { type ExtractedVector, type ExtractProgress, extractVector } from './extract-vector.ts'
import { type ExperimentOptions, type FinishedExperiment, runTraitExperiment } from './run-experiment.ts'
import { WordyEngine } from './wordy-engine.case.ts'

/** 40 letters, so many of them A and the others z, well mixed. */
function mixture(share: number): string {
  const letters = Array.from({ length: 40 }, (_, index) =>
    Math.floor((index + 1) * share) > Math.floor(index * share) ? 'A' : 'z',
  )
  return letters.join('')
}

/** A trait that the wordy engine has: bright words after many an A. */
export const brightTrait: LoadedTrait = {
  path: 'none',
  hash: 'h',
  trait: exampleTrait({
    name: 'bright',
    description: 'Bright.',
    contrastivePrompts: [
      { positive: 'A'.repeat(50), negative: 'z'.repeat(50) },
      { positive: 'AAB'.repeat(16), negative: 'zzy'.repeat(16) },
    ],
    extractionQuestions: Array.from({ length: 20 }, (_, index) => `What about matter number ${index}?`),
    evaluationQuestions: [
      'Where do birds sleep?',
      'Who repaired this bicycle?',
      'Which road leads north?',
      'When does rain fall?',
      'How long is a river?',
      'Why do doors creak?',
    ],
    ladder: [0.1, 0.3, 0.5, 0.7, 0.9].map((share, step) => ({ level: step - 2, prompt: mixture(share) })),
  }),
}

export const smallSettings = { samples: 3, maxTokens: 6, steeringSamples: 2, doses: [-0.3, 0, 0.3] } as const
const sweep = { layers: 2, doses: [0.1], samples: 1, maxTokens: 6 }

/** The engine of these experiments: of this seed its pairs are kept. */
export function openWordyEngine(): WordyEngine {
  return new WordyEngine(2)
}

export interface SmallOptions {
  readonly engine?: WordyEngine
  readonly judge?: Judge
  readonly trait?: LoadedTrait
  readonly signal?: AbortSignal
  readonly onProgress?: (
    progress: ExtractProgress | Parameters<NonNullable<ExperimentOptions['onProgress']>>[0],
  ) => void
  readonly experiment?: Partial<ExperimentOptions>
}

/** From nothing to a measured correlation: 80 extraction answers with a profile, 90 conversations, 36 steered answers. */
export async function runSmallExperiment(
  workspacePath: string,
  { experiment, ...options }: SmallOptions = {},
): Promise<FinishedExperiment & { readonly extracted: ExtractedVector }> {
  const { engine = openWordyEngine(), judge = createLexiconJudge('sentiment'), trait = brightTrait } = options
  const workspace = openWorkspace(workspacePath)
  const shared = { ...options, engine, judge, trait, workspace }
  const extracted = await extractVector({ ...shared, settings: { samples: 1, maxTokens: 6 }, sweep })
  const finished = await runTraitExperiment({
    ...shared,
    vector: extracted.vector,
    settings: smallSettings,
    ...experiment,
  })
  return { ...finished, extracted }
}
