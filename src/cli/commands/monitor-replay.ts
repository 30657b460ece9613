import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { PersonascopeError } from '../../errors/personascope-error.ts'
import { turnsOfLine } from '../../monitoring/conversation.ts'
import { ConversationReader } from '../../monitoring/conversation-reader.ts'
import { sha256, stableStringify } from '../../store/hash.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { openTurnStore } from '../../workbench/open-turn-store.ts'
import { watchTraits } from '../../workbench/watch-traits.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { addEngineOptions, type EngineOptions, openEngine } from '../engine-options.ts'
import { collect } from '../option-values.ts'

interface Options extends EngineOptions {
  readonly trait: readonly string[]
  readonly storeText?: boolean
}

export function monitorReplayCommand(): Command {
  const command = new Command('replay')
    .description('read the answers of past conversations into the same store')
    .argument('<log>', 'JSON lines: {"messages": [...]} or {"request": {...}, "response": {...}}')
    .requiredOption('--trait <name>', 'a trait to read; may be given several times', collect)
    .option('--store-text', 'keep what was asked and answered too')
  return setAction<[string], Options>(addEngineOptions(command), run)
}

async function run(context: CommandContext, options: Options, path: string): Promise<void> {
  const { terminal, signal } = context
  await assertFile(path)
  await using engine = await openEngine(context, options)
  const workspace = openWorkspace(context.options.workspace)
  const watched = await watchTraits(options.trait, engine, workspace)
  await using store = await openTurnStore(workspace, { keepsText: options.storeText ?? false })
  const reader = new ConversationReader(engine, watched)
  const before = await store.count()
  let turns = 0
  let passedOver = 0
  const problems: string[] = []
  let lineNumber = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber++
    if (line.trim() === '') continue
    const conversations = turnsOfLine(parse(line))
    if (conversations.length === 0) passedOver++
    for (const conversation of conversations) {
      // The same line of the same file, read for the same traits on the same model, is the same turn.
      const facts = [conversation, engine.model.fileHash, watched.map(({ name, layer }) => [name, layer]), lineNumber]
      const id = `replayed-${sha256(stableStringify(facts)).slice(0, 40)}`
      try {
        const createdAt = new Date().toISOString()
        await store.add(await reader.read(conversation, { id, createdAt, source: 'replayed' }, { signal }))
        turns++
      } catch (error) {
        const known = PersonascopeError.from(error)
        if (!passable.has(known.code)) throw error
        passedOver++
        if (problems.length < 3) problems.push(`line ${lineNumber}: ${known.message}`)
      }
    }
    terminal.status(`Reading ... ${turns} answers`)
  }
  for (const problem of problems) terminal.note(problem)
  const added = (await store.count()) - before
  terminal.print(`${turns} answers read, ${added} of them new; ${passedOver} passed over.`)
  terminal.result({ turns, added, passedOver })
}

/** What is wrong with one conversation is no reason to stop. */
const passable = new Set(['PROMPT_TOO_LONG', 'PROMPT_EMPTY', 'CHAT_TEMPLATE_FAILED'])

async function assertFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw new PersonascopeError('FILE_NOT_FOUND', { kind: 'log of conversations', path })
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
