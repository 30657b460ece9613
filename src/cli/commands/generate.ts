import { Command } from 'commander'
import type { Engine } from '../../engine/contract/engine.ts'
import type { GenerateRequest, GenerateResult } from '../../engine/contract/generate.ts'
import type { Prompt } from '../../engine/contract/prompt.ts'
import type { Positions } from '../../engine/contract/steering.ts'
import { parseSteering } from '../../steering/parse-steering.ts'
import { type ResolvedSteering, resolveSteering } from '../../steering/resolve-steering.ts'
import { measureSteeringEffect } from '../../steering/steering-effect.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { loadVector } from '../../workbench/load-vector.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { formatColumns } from '../format.ts'
import { collect, numberBetween, oneOf, wholeNumber } from '../option-values.ts'
import type { Terminal } from '../terminal.ts'

interface Options extends EngineOptions {
  readonly prompt: string
  readonly system?: string
  readonly raw?: boolean
  readonly steer: readonly string[]
  readonly dose?: boolean
  readonly positions: Positions
  readonly compare?: boolean
  readonly maxTokens: number
  readonly temperature: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly seed: number
  readonly stop?: readonly string[]
  readonly grammar?: string
  readonly thinking?: boolean
}

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('ask the model, steered or not')
    .requiredOption('--prompt <text>', 'what to ask')
    .option('--system <text>', 'the system prompt')
    .option('--raw', 'give the prompt to the model as it stands, without its chat template')
    .option('--steer <vector[@layer]=amount>', 'add a vector to a layer; may be given several times', collect, [])
    .option('--dose', 'the amounts of --steer are relative doses: |c.v| over the median length of response tokens')
    .option(
      '--positions <where>',
      'all, prompt or response',
      oneOf('--positions', ['all', 'prompt', 'response']),
      'all',
    )
    .option('--compare', 'show the answer without steering beside the steered one')
    .option('--max-tokens <n>', 'the most tokens of the answer', wholeNumber('--max-tokens', 1), 200)
    .option('--temperature <t>', '0 takes the likeliest token each time', numberBetween('--temperature', 0, 10), 0.8)
    .option('--top-p <p>', 'keep the likeliest tokens up to this mass', numberBetween('--top-p', 1e-9, 1))
    .option('--top-k <k>', 'keep the k likeliest tokens', wholeNumber('--top-k', 0))
    .option('--min-p <p>', 'keep tokens with this fraction of the likeliest one', numberBetween('--min-p', 0, 1))
    .option('--seed <n>', 'the same seed gives the same answer', wholeNumber('--seed', 0), 0)
    .option('--stop <text>', 'a text that ends the answer; may be given several times', collect)
    .option('--grammar <gbnf>', 'a grammar the answer must obey, in GBNF')
    .option('--thinking', 'let a model that can think before it answers do so')
  return setAction<[], Options>(addEngineOptions(command), run)
}

async function run(context: CommandContext, options: Options): Promise<void> {
  const { terminal, signal } = context
  const wishes = options.steer.map(parseSteering)
  await using engine = await openEngine(context, options)
  const workspace = openWorkspace(context.options.workspace)
  const steered: ResolvedSteering[] = []
  for (const wish of wishes) {
    const { vector } = await loadVector(wish.vector, workspace, engine.model.id)
    steered.push(
      resolveSteering(wish, vector, engine.model, {
        positions: options.positions,
        amountIsDose: options.dose ?? false,
      }),
    )
  }
  const plain = requestOf(options)
  const request = { ...plain, steering: steered.map(({ steering }) => steering) }
  await warnWithoutEffect(terminal, engine, plain.prompt, steered)
  for (const { vector, layer, coefficient, dose } of steered) {
    terminal.note(
      `Steering: ${vector} at layer ${layer}, coefficient ${coefficient.toFixed(3)}, relative dose ${dose?.toFixed(3) ?? 'unknown'}`,
    )
  }
  if (options.compare && steered.length > 0) return await compare(context, engine, plain, request, steered)
  const generation = engine.stream(request, { signal })
  for await (const event of generation) if (event.type === 'token-delta') terminal.write(event.text)
  terminal.print()
  report(terminal, await generation.result, steered)
}

function requestOf(options: Options): GenerateRequest {
  const { prompt, system, raw, maxTokens, temperature, topP, topK, minP, seed, stop, grammar, thinking } = options
  const messages = [
    ...(system ? [{ role: 'system' as const, content: system }] : []),
    { role: 'user' as const, content: prompt },
  ]
  const asked: Prompt = raw ? { text: prompt } : { messages, ...(thinking && { thinking: 'on' as const }) }
  return {
    prompt: asked,
    maxTokens,
    sampling: {
      temperature,
      seed,
      ...(topP !== undefined && { topP }),
      ...(topK !== undefined && { topK }),
      ...(minP !== undefined && { minP }),
    },
    ...(stop && { stop }),
    ...(grammar !== undefined && { grammar }),
  }
}

/** Says so when a setting does nothing: a zero coefficient, or one too small to matter. */
async function warnWithoutEffect(
  terminal: Terminal,
  engine: Engine,
  prompt: Prompt,
  steered: readonly ResolvedSteering[],
): Promise<void> {
  for (const { steering, vector, layer } of steered) {
    const effect = await measureSteeringEffect(engine, prompt, [steering])
    if (!effect.measurable) {
      terminal.note(
        `Warning: steering ${vector} at layer ${layer} with coefficient ${steering.coefficient} changed nothing measurable (${effect.relativeChange.toExponential(1)} of the last prompt token's state).`,
      )
    }
  }
}

async function compare(
  { terminal, signal }: CommandContext,
  engine: Engine,
  plain: GenerateRequest,
  request: GenerateRequest,
  steered: readonly ResolvedSteering[],
): Promise<void> {
  const [without, withSteering] = await engine.generateAll([plain, request], { signal })
  const title = steered
    .map(({ vector, layer, coefficient }) => `${vector}@${layer}=${coefficient.toFixed(2)}`)
    .join(' ')
  terminal.print(
    formatColumns(
      [
        { title: 'without steering', text: without!.text },
        { title, text: withSteering!.text },
      ],
      terminal.width,
    ),
  )
  terminal.result({ without: summary(without!, []), with: summary(withSteering!, steered) })
}

function report(terminal: Terminal, result: GenerateResult, steered: readonly ResolvedSteering[]): void {
  if (result.finishReason === 'length') terminal.note('(ended by --max-tokens)')
  terminal.result(summary(result, steered))
}

function summary(
  { text, thought, finishReason, promptTokens, tokens, steering }: GenerateResult,
  steered: readonly ResolvedSteering[],
) {
  return {
    text,
    ...(thought && { thought }),
    finishReason,
    promptTokens,
    responseTokens: tokens.length,
    steering: steered.map(({ vector, layer, coefficient, dose }, index) => ({
      vector,
      layer,
      coefficient,
      dose,
      steeredPositions: steering[index]!.steeredPositions,
    })),
  }
}
