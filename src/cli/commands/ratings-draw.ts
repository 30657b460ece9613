import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { RatingScale } from '../../judge/ratings/rating-sample.ts'
import type { SheetFormat } from '../../judge/ratings/rating-sheet.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { drawRatings } from '../../workbench/draw-ratings.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { oneOf, wholeNumber } from '../option-values.ts'

interface Options {
  readonly pairs?: boolean
  readonly count: number
  readonly by: 'score' | 'level'
  readonly judge?: string
  readonly scale: RatingScale
  readonly seed: number
  readonly format: SheetFormat
  readonly out?: string
  readonly force?: boolean
}

export function ratingsDrawCommand(): Command {
  const command = new Command('draw')
    .description('draw a blind sample of scored answers for people to rate')
    .argument('<run>', 'the name of a run of `vector extract` or `experiment run`, or its folder')
    .option('--pairs', 'two answers to one question, of which raters say which shows more')
    .option('--count <n>', 'how many answers, or pairs', wholeNumber('--count', 1), 100)
    .option(
      '--by <what>',
      'what to draw equally of: score (tenths) or level',
      oneOf('--by', ['score', 'level']),
      'score',
    )
    .option('--judge <name>', 'whose scores to draw by; a part of the name will do (default: the only one)')
    .option('--scale <low-high>', 'the scale of single ratings', ratingScale, { low: 0, high: 100 })
    .option('--seed <n>', 'another seed draws another sample', wholeNumber('--seed', 0), 0)
    .option('--format <format>', 'csv or jsonl', oneOf('--format', ['csv', 'jsonl']), 'csv')
    .option('--out <file>', 'where the sheet goes (default: ratings-<sample>.csv)')
    .option('--force', 'write over a sheet that is there')
  return setAction<[string], Options>(command, run)
}

async function run(
  { terminal, options: { workspace } }: CommandContext,
  options: Options,
  name: string,
): Promise<void> {
  const { pairs, count, by: strata, judge, scale, seed, format, out, force } = options
  const { key, sheetPath, instructionsPath, keyPath } = await drawRatings({
    workspace: openWorkspace(workspace),
    run: name,
    kind: pairs ? 'pairs' : 'answers',
    count,
    strata,
    ...(judge !== undefined && { judge }),
    scale,
    seed,
    format,
    ...(out !== undefined && { out }),
    ...(force && { force }),
  })
  const drawn = key.items.length
  if (drawn < count) terminal.note(`There were no more than ${drawn} ${key.kind} to draw; ${count} were asked for.`)
  terminal.print(`Sample ${key.id}: ${drawn} ${key.kind} of ${key.run}, drawn by ${strata} of ${key.judge}.`)
  terminal.print(`Sheet for raters  ${sheetPath}\nHow to rate       ${instructionsPath}`)
  terminal.print(
    `Key               ${keyPath}\nKeep the key from the raters. Then: personascope ratings import <file> --rater <name>`,
  )
  terminal.result({
    sample: key.id,
    kind: key.kind,
    count: drawn,
    judge: key.judge,
    sheetPath,
    instructionsPath,
    keyPath,
  })
}

function ratingScale(text: string): RatingScale {
  const [, low, high] = /^(-?\d+)-(-?\d+)$/.exec(text.trim()) ?? []
  if (low !== undefined && Number(low) < Number(high)) return { low: Number(low), high: Number(high) }
  throw new PersonascopeError('OPTION_INVALID', {
    option: '--scale',
    expected: 'two whole numbers such as 1-7',
    got: text,
  })
}
