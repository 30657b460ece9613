import { Command } from 'commander'
import type { Engine } from '../../engine/contract/engine.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import { type NewTrait, newTrait } from '../../workbench/new-trait.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { chosenEditor, openEditor } from '../open-editor.ts'
import { wholeNumber } from '../option-values.ts'
import { showTraitProblems } from './trait-check.ts'

interface Options extends EngineOptions {
  readonly describe: string
  readonly author: string
  readonly authorConcurrency?: number
  readonly seed: number
  readonly force?: boolean
  readonly edit: boolean
}

export function traitNewCommand(): Command {
  const command = new Command('new')
    .description('have a language model write a trait from its name and one sentence, for you to review')
    .argument('<name>', 'what the trait is called; spaces become hyphens')
    .requiredOption(
      '--describe <sentence>',
      'what answers that show the trait are like, and what they are like instead',
    )
    .requiredOption('--author <author>', 'who writes it: URL#model, or engine (small models write poor prompts)')
    .option(
      '--author-concurrency <n>',
      'calls to an author in flight at a time',
      wholeNumber('--author-concurrency', 1),
    )
    .option('--seed <n>', 'another seed gives other prompts and questions', wholeNumber('--seed', 0), 0)
    .option('--force', 'write over a trait of the same name')
    .option('--no-edit', 'do not open the file in $EDITOR')
  return setAction<[string], Options>(addEngineOptions(command), run)
}

/** Below this many parameters, what the model in use writes is hardly of use. */
const ableParameters = 3e9

/** @throws TRAIT_INVALID after printing all problems, where one of them is an error */
async function run(context: CommandContext, options: Options, name: string): Promise<void> {
  const { terminal, signal } = context
  const { describe, author, authorConcurrency: concurrency, seed, force = false } = options
  const workspace = openWorkspace(context.options.workspace)
  let engine: Engine | undefined
  try {
    const written = await newTrait({
      name: name.trim().toLowerCase().replace(/\s+/g, '-'),
      describe,
      author,
      workspace,
      openEngine: async () => {
        engine = await openEngine(context, options)
        warnOfSmallModel(context, engine)
        return engine
      },
      ...(concurrency !== undefined && { concurrency }),
      seed,
      force,
      onAsk: (part, attempt) =>
        terminal.status(`Asking the author for ${part}${attempt > 1 ? `, try ${attempt}` : ''} ...`),
      signal,
    })
    await engine?.close()
    await show(context, options, written)
  } finally {
    await engine?.close()
  }
}

async function show(
  { terminal, options: { json } }: CommandContext,
  options: Options,
  written: NewTrait,
): Promise<void> {
  const { path, author, askedReplies, rememberedReplies, refusedQuestions } = written
  const earlier = rememberedReplies > 0 ? `, ${rememberedReplies} known from an earlier run` : ''
  terminal.note(`${askedReplies} replies of ${author}${earlier}; ${refusedQuestions} questions were left out.`)
  const editor = chosenEditor()
  const isWatched = process.stdin.isTTY === true && !json
  if (options.edit && isWatched && editor !== undefined) {
    const trouble = await openEditor(editor, path)
    if (trouble) terminal.note(`The file was not reviewed: ${trouble}.`)
  } else if (options.edit && isWatched) {
    terminal.note('Set EDITOR to have the file opened for review.')
  }
  const loaded = await loadTrait(path, '')
  const isEdited = loaded.hash !== written.hash
  terminal.print(`Version ${loaded.hash.slice(0, 12)}${isEdited ? `, edited from ${written.hash.slice(0, 12)}` : ''}`)
  const { hash, trait } = loaded
  showTraitProblems(terminal, loaded, { hash, author, askedReplies, rememberedReplies, refusedQuestions, trait })
}

function warnOfSmallModel({ terminal }: CommandContext, { model: { id, parameterCount } }: Engine): void {
  if (parameterCount >= ableParameters) return
  terminal.note(
    `${id} has ${Math.round(parameterCount / 1e6)} million parameters: it writes poor prompts. Take what it writes as a form to fill in, and correct every line.`,
  )
}
