import { Command } from 'commander'
import type { Layer } from '../../engine/contract/layer.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { norm } from '../../numeric/vector-math.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import {
  directionAt,
  knowsResponseNorms,
  type PersonaVector,
  relativeNorm,
  type VectorProvenance,
} from '../../vector/persona-vector.ts'
import { defaultRolloutSettings, extractVector } from '../../workbench/extract-vector.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { formatLayers, formatTable } from '../format.ts'
import { numberBetween, wholeNumber } from '../option-values.ts'
import { Progress } from '../progress.ts'

interface Options extends EngineOptions {
  readonly judge?: string
  readonly samples: number
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
}

export function vectorExtractCommand(): Command {
  const { samples, maxTokens, temperature, seed } = defaultRolloutSettings
  const command = new Command('extract')
    .description('make the persona vector of a trait on a model')
    .argument('<trait>', 'the name of a trait, or the path of a trait file')
    .option('--judge <judge>', 'who scores the answers; none keeps every pair and marks the vector unfiltered')
    .option('--samples <n>', 'answers to each question under each prompt', wholeNumber('--samples', 1), samples)
    .option('--max-tokens <n>', 'the most tokens of an answer', wholeNumber('--max-tokens', 1), maxTokens)
    .option('--temperature <t>', 'how freely answers are drawn', numberBetween('--temperature', 0, 10), temperature)
    .option('--seed <n>', 'the seed of the whole run', wholeNumber('--seed', 0), seed)
  return setAction<[string], Options>(addEngineOptions(command), run)
}

async function run(context: CommandContext, options: Options, name: string): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const trait = await loadTrait(name, workspace.traits)
  // Said before the model is opened: it is the first thing to correct.
  if (options.judge !== 'none') throw new PersonascopeError('JUDGE_MISSING', { judge: options.judge ?? 'nothing' })
  await using engine = await openEngine(context, options)
  const { samples, maxTokens, temperature, seed } = options
  const progress = new Progress(terminal)
  const extracted = await extractVector({
    engine,
    trait,
    workspace,
    judge: 'none',
    settings: { samples, maxTokens, temperature, seed },
    signal,
    onProgress: ({ doneRollouts, totalRollouts }) =>
      progress.show(`Asking ${engine.model.id}`, doneRollouts, totalRollouts, (done, total) =>
        total === undefined ? `${done.toFixed(1)} answers` : `${done} of ${total} answers`,
      ),
  })
  const { vector, path, chartPath, runPath, reusedRollouts, rollouts } = extracted
  if (reusedRollouts > 0) terminal.note(`${reusedRollouts} of ${rollouts} answers were there from an earlier run.`)
  terminal.print(describeVector(vector))
  terminal.print(`\nVector   ${path}\nChart    ${chartPath}\nAnswers  ${runPath}`)
  terminal.result({
    path,
    chartPath,
    runPath,
    reusedRollouts,
    rollouts,
    defaultLayer: vector.defaultLayer,
    ...vector.provenance,
    layers: layerRows(vector),
  })
}

/** A vector as text: what it is, and how large it is at every layer. */
export function describeVector(vector: PersonaVector): string {
  const rows = layerRows(vector)
    .filter(({ layer }) => layer > 0)
    .map(({ layer, norm: length, relativeNorm: relative }) => [
      layer === vector.defaultLayer ? `> ${layer}` : `  ${layer}`,
      length.toFixed(2),
      relative?.toFixed(3) ?? 'unknown',
      '#'.repeat(Math.round((relative ?? 0) * 60)),
    ])
  return [
    ...describeProvenance(vector.provenance),
    '',
    formatTable(['layer', '|v|', '|v| / median', ''], rows),
    '',
    `> layer ${vector.defaultLayer}: used where none is named (${vector.defaultLayerReason}).`,
  ].join('\n')
}

function describeProvenance({ trait, model, origin, ...counts }: VectorProvenance): string[] {
  const title = `Persona vector ${trait.name} on ${model.id}`
  if (origin?.kind === 'import') {
    return [
      `${title}: imported from ${origin.file} (${origin.format}, layers counted as ${origin.convention})`,
      `sha256 ${origin.sha256}, layers ${formatLayers(origin.layers)}; how it was made is not known here.`,
    ]
  }
  if (origin?.kind === 'combination') {
    const { terms, orthogonalTo, normalised } = origin
    const names = orthogonalTo.map(({ name }) => name).join(', ')
    return [
      `${title}: ${terms.map(({ weight, name }) => `${weight}*${name}`).join(' + ')}`,
      ...(orthogonalTo.length > 0 ? [`Made orthogonal to ${names} at every layer.`] : []),
      ...(normalised ? ['Brought to length 1 at every layer.'] : []),
    ]
  }
  const { unfiltered, pairsKept, pairsPlanned, responseTokens } = counts
  return [
    `${title} (${model.weightFormat}): ${pairsKept} of ${pairsPlanned} pairs, ${responseTokens} response tokens`,
    unfiltered ? 'UNFILTERED: no judge looked at the answers, every pair was kept.' : '',
  ]
}

function layerRows(vector: PersonaVector): { layer: number; norm: number; relativeNorm: number | undefined }[] {
  const known = knowsResponseNorms(vector)
  return Array.from({ length: vector.blockCount + 1 }, (_, layer) => ({
    layer,
    norm: norm(directionAt(vector, layer as Layer)),
    relativeNorm: known ? relativeNorm(vector, layer as Layer) : undefined,
  }))
}
