import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { mean } from '../../numeric/moments.ts'
import { openWorkspace } from '../../store/workspace.ts'
import type { Forecast, Forecaster } from '../../vector/forecaster.ts'
import { listForecasters } from '../../vector/forecaster-file.ts'
import { answerAsForecast, forecastQuestion, type ScoredReply } from '../../workbench/forecast-question.ts'
import { loadForecaster } from '../../workbench/load-forecaster.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { openForecasterJudge } from '../forecaster-judge.ts'
import { addJudgeOptions, type JudgeOptions } from '../judge-options.ts'
import { wholeNumber } from '../option-values.ts'

interface Options extends EngineOptions, JudgeOptions {
  readonly system?: string
  readonly forecaster?: string
  readonly answers: number
  readonly seed: number
}

export function forecastAskCommand(): Command {
  const command = new Command('ask')
    .description('print the score to expect before the answer, then the answer and its score (`ask` may be left out)')
    .argument('<question>', 'what the model is asked')
    .option('--system <prompt>', 'the system prompt')
    .option('--forecaster <forecaster>', 'the name of a trait or a file (default: the only one there is)')
    .option('--answers <n>', 'how many answers to draw; 0 forecasts alone', wholeNumber('--answers', 0), 1)
    .option('--seed <n>', 'the seed of the answers', wholeNumber('--seed', 0), 0)
  return setAction<[string], Options>(addEngineOptions(addJudgeOptions(command)), run)
}

async function run(context: CommandContext, options: Options, question: string): Promise<void> {
  const { terminal, signal } = context
  const workspace = openWorkspace(context.options.workspace)
  await using engine = await openEngine(context, options)
  const modelId = engine.model.id
  const forecasters = await listForecasters(workspace.vectors, modelId)
  const name = options.forecaster ?? (forecasters.length === 1 ? forecasters[0]! : undefined)
  if (name === undefined) {
    const available = forecasters.join(', ') || 'none'
    const facts = { forecaster: '', model: modelId, workspace: workspace.path, available }
    throw new PersonascopeError(forecasters.length === 0 ? 'FORECASTER_UNKNOWN' : 'FORECASTER_UNCLEAR', facts)
  }
  const forecaster = await loadForecaster(name, workspace, modelId)
  const asked = { question, ...(options.system !== undefined && { systemPrompt: options.system }) }
  const forecast = await forecastQuestion(engine, forecaster, asked, signal)
  terminal.print(describeForecast(forecaster, forecast))
  const judge = await openForecasterJudge(forecaster, options, { workspace, engine, terminal })
  const replies: ScoredReply[] = []
  const { answers, seed } = options
  for await (const reply of answerAsForecast(engine, forecaster, asked, { judge, answers, seed, signal })) {
    replies.push(reply)
    terminal.print(`\n${reply.answer}\n\n${describeScore(reply)}`)
  }
  const scores = replies.flatMap(({ judgement }) =>
    judgement?.expression.status === 'scored' ? [judgement.expression.value] : [],
  )
  if (scores.length > 1) terminal.print(`\nMean score of ${scores.length} answers: ${mean(scores)!.toFixed(1)}`)
  terminal.result({ forecast, replies })
}

function describeForecast({ layer, provenance }: Forecaster, forecast: Forecast): string {
  const { expectedScore, expectedInterval, answerInterval, inRange } = forecast
  const { trait, judge, sampling, evidence } = provenance
  const range = ({ low, high }: { readonly low: number; readonly high: number }) =>
    `${low.toFixed(0)} to ${high.toFixed(0)}`
  return [
    `${trait.name}, told from the last prompt token at layer ${layer}, before anything is written:`,
    `  expected score  ${expectedScore.toFixed(0)}${expectedInterval ? `  (mean of many answers, 90 %: ${range(expectedInterval)})` : ''}`,
    `  one answer      ${range(answerInterval)}  (90 %)`,
    `  holds for       ${judge}, temperature ${sampling.temperature}, at most ${sampling.maxTokens} tokens`,
    ...(inRange ? [] : ['  out of range: unlike the prompts of its training, so it says nothing here']),
    ...(evidence.verdict === 'evidence' ? [] : ['  no evidence: in training, this forecaster told nothing']),
  ].join('\n')
}

function describeScore({ judgement }: ScoredReply): string {
  if (!judgement) return 'Not scored.'
  const { expression } = judgement
  return expression.status === 'scored' ? `Score: ${expression.value.toFixed(0)}` : `Unscored: ${expression.reason}`
}
