import { Command } from 'commander'
import type { Engine } from '../../engine/contract/engine.ts'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import { type ComparedJudges, compareRunJudges } from '../../workbench/compare-run-judges.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { asPercent, withInterval } from '../format.ts'
import { addJudgeLimits, type JudgeOptions, openJudgeFrom } from '../judge-options.ts'
import { PhasedProgress } from '../progress.ts'

interface Options extends EngineOptions, Omit<JudgeOptions, 'judge'> {
  readonly judgeA: string
  readonly judgeB: string
  readonly trait?: string
}

export function judgeCompareCommand(): Command {
  const command = new Command('compare')
    .description('say how far two judges agree on the answers of a run; one that has not scored them does so first')
    .argument('<run>', 'the name of a run of `vector extract` or `experiment run`, or its folder')
    .requiredOption(
      '--judge-a <judge>',
      'a judge that scored the run (a part of its name), or URL#model, engine, lexicon',
    )
    .requiredOption('--judge-b <judge>', 'the other; the reference where only one of them has a preference')
    .option('--trait <trait>', "the trait a new judge is asked about (default: the run's)")
  return setAction<[string], Options>(addEngineOptions(addJudgeLimits(command)), run)
}

async function run(context: CommandContext, options: Options, name: string): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  const progress = new PhasedProgress(terminal)
  let engine: Engine | undefined
  try {
    const compared = await compareRunJudges({
      runs: workspace.runs,
      run: name,
      judges: [options.judgeA, options.judgeB],
      openJudge: async (judge, { name: runName, trait: traitName, judges }) => {
        const { trait } = await loadTrait(options.trait ?? traitName, workspace.traits)
        if (judge === 'engine') engine = await openEngine(context, options)
        const opened = await openJudgeFrom({ ...options, judge }, { trait, workspace, engine, terminal })
        if (opened !== 'none') return opened
        throw new PersonascopeError('RUN_JUDGE_UNCLEAR', {
          run: runName,
          judge,
          available: judges.join(', ') || 'none',
        })
      },
      onProgress: (judge, done, total) => progress.show(judge, done, total, 'answers'),
      signal,
    })
    terminal.print(describe(compared))
    terminal.result(compared)
  } finally {
    await engine?.close()
  }
}

function describe(compared: ComparedJudges): string {
  const { run, trait, judges, questions, intervals, pearson, spearman, pairwise, pairwiseWithinQuestion } = compared
  return [
    `${judges[0]} and ${judges[1]} on ${trait}: ${compared.compared} answers to ${questions} questions of ${run}`,
    ...(compared.unscored > 0 ? [`${compared.unscored} more left unscored by one of them.`] : []),
    `  Pearson                ${withInterval(pearson, intervals.pearson)}`,
    `  Spearman               ${withInterval(spearman, intervals.spearman)}`,
    `  pairwise agreement     ${withInterval(pairwise?.share, undefined, asPercent)}`,
    `    within a question    ${withInterval(pairwiseWithinQuestion?.share, intervals.pairwiseWithinQuestion, asPercent)}`,
    `  mean difference        ${compared.meanDifference?.toFixed(1) ?? '-'} points, of either sign ${compared.meanAbsoluteDifference?.toFixed(1) ?? '-'}`,
    'Intervals are 95 %, from questions drawn anew. Agreement of judges with each other says little about agreement with people.',
  ].join('\n')
}
