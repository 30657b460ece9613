import type { Engine } from '../engine/contract/engine.ts'
import type { Judge } from '../judge/judge.ts'
import { createLexiconJudge, type Lexicon } from '../judge/lexicon-judge.ts'
import type { Workspace } from '../store/workspace.ts'
import { loadTrait } from '../trait/load-trait.ts'
import { assertForecastsJudge, type Forecaster } from '../vector/forecaster.ts'
import { type JudgeOptions, openJudgeFrom } from './judge-options.ts'
import type { Terminal } from './terminal.ts'

interface ForecasterJudgeNeeds {
  readonly workspace: Workspace
  readonly engine: Engine | undefined
  readonly terminal: Terminal
}

/**
 * The judge that a forecaster learned from. A word list is known by its name; any other has to be named, and its trait
 * has to be there, for the rubric.
 * @throws FORECASTER_MISMATCH where another judge is named
 */
export async function openForecasterJudge(
  forecaster: Forecaster,
  options: JudgeOptions,
  { workspace, engine, terminal }: ForecasterJudgeNeeds,
): Promise<Judge | undefined> {
  const { judge: id, trait } = forecaster.provenance
  const lexicon = /^lexicon:(sentiment|negative-sentiment)$/.exec(id)?.[1]
  if (options.judge === undefined && lexicon !== undefined) return createLexiconJudge(lexicon as Lexicon)
  if (options.judge === undefined) {
    terminal.note(`Nothing is judged: the forecaster learned from ${id}, to be named with --judge.`)
    return undefined
  }
  const { trait: loaded } = await loadTrait(trait.name, workspace.traits)
  const judge = await openJudgeFrom(options, { trait: loaded, workspace, engine, terminal })
  if (judge === 'none') return undefined
  assertForecastsJudge(forecaster, judge)
  return judge
}
