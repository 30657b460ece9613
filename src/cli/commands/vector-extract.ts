import { Command } from 'commander'
import { everydayPrompts } from '../../forecast/everyday-prompts.ts'
import { planOrdinary } from '../../rollout/plan-ordinary.ts'
import { planRollouts } from '../../rollout/plan-rollouts.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { assertTraitUsable } from '../../trait/check-trait.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import { estimateWork } from '../../workbench/estimate-work.ts'
import { defaultRolloutSettings, type ExtractedVector, extractVector } from '../../workbench/extract-vector.ts'
import { assertJudge } from '../../workbench/open-judge.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { describeVector, layerRows } from '../describe-vector.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { addJudgeOptions, type JudgeOptions, openJudgeFrom } from '../judge-options.ts'
import { numberBetween, wholeNumber } from '../option-values.ts'
import { showEstimate } from '../show-estimate.ts'
import { showPhases } from '../show-phases.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends EngineOptions, JudgeOptions {
  readonly samples: number
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
  readonly shufflePairs?: boolean
  readonly screening: boolean
  readonly dryRun?: boolean
}

export function vectorExtractCommand(): Command {
  const { samples, maxTokens, temperature, seed } = defaultRolloutSettings
  const command = new Command('extract')
    .description('make the persona vector of a trait on a model')
    .argument('<trait>', 'the name of a trait, or the path of a trait file')
    .option('--samples <n>', 'answers to each question under each prompt', wholeNumber('--samples', 1), samples)
    .option('--max-tokens <n>', 'the most tokens of an answer', wholeNumber('--max-tokens', 1), maxTokens)
    .option('--temperature <t>', 'how freely answers are drawn', numberBetween('--temperature', 0, 10), temperature)
    .option('--seed <n>', 'the seed of the whole run', wholeNumber('--seed', 0), seed)
    .option('--shuffle-pairs', 'a control: swap p+ and p- in half of the pairs, and call the vector <trait>-shuffled')
    .option('--no-screening', 'make no direction for screening: saves ordinary answers and reading all answers again')
    .option('--dry-run', 'say what it would take, and do nothing')
  return setAction<[string], Options>(addEngineOptions(addJudgeOptions(command)), run)
}

async function run(context: CommandContext, options: Options, name: string): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const trait = await loadTrait(name, workspace.traits)
  // Said before the model is opened: they are the first things to correct.
  assertTraitUsable(trait)
  assertJudge(options.judge, trait.trait)
  await using engine = await openEngine(context, options)
  const judge = await openJudgeFrom(options, { trait: trait.trait, workspace, engine, terminal })
  const { samples, maxTokens, temperature, seed } = options
  const settings = { samples, maxTokens, temperature, seed }
  if (options.dryRun) {
    const { screening: readAgain } = options
    const planned = planRollouts(trait.trait, settings)
    const ordinary = planOrdinary(trait.trait, everydayPrompts, settings)
    const work = [
      { planned, maxTokens, readAgain },
      ...(readAgain ? [{ planned: ordinary, maxTokens, readAgain, unjudged: true }] : []),
    ]
    return showEstimate(terminal, `Extracting ${trait.trait.name}`, await estimateWork(engine, judge, work))
  }
  const extracted = await extractVector({
    engine,
    trait,
    workspace,
    judge,
    settings,
    screening: options.screening,
    ...(options.shufflePairs && { shufflePairs: true }),
    signal,
    onProgress: showPhases(terminal),
  })
  showExtracted(terminal, extracted)
}

/** What came of an extraction or a profile, for a person and for a machine. */
export function showExtracted(terminal: Terminal, extracted: ExtractedVector): void {
  const { vector, path, chartPath, runPath, reusedRollouts, rollouts, dropped, meanScores } = extracted
  if (reusedRollouts > 0) terminal.note(`${reusedRollouts} of ${rollouts} answers were there from an earlier run.`)
  terminal.print(describeVector(vector))
  if (meanScores) {
    const of = (score: number | undefined) => score?.toFixed(1) ?? 'none'
    terminal.print(`\nMean score under p+ ${of(meanScores.positive)}, under p- ${of(meanScores.negative)}.`)
  }
  const reasons = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`)
  if (reasons.length > 0) terminal.print(`Pairs left out: ${reasons.join(', ')}.`)
  terminal.print(`\nVector   ${path}\nChart    ${chartPath}\nAnswers  ${runPath}`)
  const { defaultLayer, defaultLayerReason, readingLayer, readingLayerReason, screening, profile, provenance } = vector
  terminal.result({
    path,
    chartPath,
    runPath,
    reusedRollouts,
    rollouts,
    dropped,
    meanScores,
    defaultLayer,
    defaultLayerReason,
    readingLayer,
    readingLayerReason,
    ...(screening && { screeningLayer: screening.layer, screeningLayerReason: screening.layerReason }),
    ...provenance,
    layers: layerRows(vector),
    profile,
  })
}
