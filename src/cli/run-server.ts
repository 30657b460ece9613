import { type Logger, pino } from 'pino'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import { ConversationReader } from '../monitoring/conversation-reader.ts'
import type { TurnStore } from '../monitoring/turn-store.ts'
import { AccessKeys } from '../server/access-keys.ts'
import { createServerApp, type ServerApp } from '../server/create-server-app.ts'
import { assertGuarded, listen } from '../server/listen.ts'
import { createObserverApp } from '../server/observe-upstream.ts'
import { WorkspaceShelf } from '../server/vector-shelf.ts'
import { openWorkspace } from '../store/workspace.ts'
import { openTurnStore } from '../workbench/open-turn-store.ts'
import { watchTraits } from '../workbench/watch-traits.ts'
import type { CommandContext } from './command-context.ts'
import { type EngineOptions, openEngine } from './engine-options.ts'

export interface ServeOptions extends EngineOptions {
  readonly trait: readonly string[]
  readonly baseline?: string
  readonly host: string
  readonly port: number
  readonly apiKey?: string
  readonly keys?: string
  readonly upstream?: string
  readonly reproducible?: boolean
  readonly storeText?: boolean
  readonly store: boolean
  readonly keepDays?: number
  readonly queue: number
  readonly drainSeconds: number
}

const day = 86_400_000

/** For what is written already and still on its way. */
const lastWordsMs = 2000

/** Serves until Ctrl-C or SIGTERM, then lets answers be finished. */
export async function runServer(context: CommandContext, options: ServeOptions): Promise<void> {
  const { terminal, signal } = context
  const keys = await keysOf(options)
  const upstream = options.upstream === undefined ? undefined : urlOf(options.upstream)
  assertGuarded(options.host, keys.required)
  if (upstream && keys.required) {
    const expected = 'left out with --upstream: the other server asks for its own keys'
    throw new PersonascopeError('OPTION_INVALID', { option: '--api-key', expected, got: 'a key' })
  }
  const workspace = openWorkspace(context.options.workspace)
  const log: Logger = pino({ name: 'personascope' }, pino.destination({ dest: 2, sync: false }))
  await using engine = await openEngine(context, options)
  const { trait, baseline } = options
  const watched = await watchTraits(trait, engine, workspace, baseline === undefined ? {} : { baseline })
  const unplaced = baseline === undefined ? [] : watched.filter(({ baseline: own }) => own === undefined)
  for (const { name } of unplaced) {
    terminal.note(
      `The baseline ${baseline} is not of ${name} on this model, direction and layer: its readings get no z.`,
    )
  }
  const keepsTurns = options.store || upstream !== undefined
  const store = keepsTurns ? await openTurnStore(workspace, { keepsText: options.storeText ?? false }) : undefined
  const forgetting = store && options.keepDays !== undefined ? forgetOld(store, options.keepDays, log) : undefined
  try {
    const app: ServerApp = upstream
      ? createObserverApp({ upstream, reader: new ConversationReader(engine, watched), store: store!, log })
      : createServerApp({
          engine,
          shelf: new WorkspaceShelf(workspace.vectors, engine.model.id),
          watched,
          keys,
          ...(store && { store }),
          log,
          reproducible: options.reproducible ?? false,
          limits: { waiting: options.queue },
        })
    const { host, port, drainSeconds } = options
    const listening = await listen(app.fetch, { host, port, guarded: keys.required })
    terminal.note(`Serving ${engine.model.id} at ${listening.url}/v1${upstream ? ` before ${upstream.origin}` : ''}`)
    terminal.result({ url: listening.url, model: engine.model.id, traits: watched.map(({ name }) => name) })
    await untilAborted(signal)
    terminal.note('Stopping: answers that are being written are finished.')
    const patience = new Promise(resolve => setTimeout(resolve, drainSeconds * 1000).unref())
    await Promise.race([app.drain(), patience])
    await listening.close(lastWordsMs)
  } finally {
    clearInterval(forgetting)
    await store?.close()
  }
}

async function keysOf({ apiKey = process.env['PERSONASCOPE_API_KEY'], keys }: ServeOptions): Promise<AccessKeys> {
  if (keys) return await AccessKeys.read(keys)
  return apiKey ? AccessKeys.single(apiKey) : AccessKeys.open()
}

/** Forgets now, and every hour. */
function forgetOld(store: TurnStore, days: number, log: Logger): NodeJS.Timeout {
  const forget = () =>
    store.forgetBefore(new Date(Date.now() - days * day)).catch((error: unknown) => {
      log.error({ error: textOf(error) }, 'old turns could not be forgotten')
    })
  void forget()
  return setInterval(forget, 3_600_000).unref()
}

function urlOf(text: string): URL {
  const url = URL.parse(text)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url
  const facts = { option: '--upstream', expected: 'the URL of a server', got: text }
  throw new PersonascopeError('OPTION_INVALID', facts)
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
