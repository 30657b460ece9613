import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine } from '../engine/contract/engine.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Workspace } from '../store/workspace.ts'
import { writeFileWhole } from '../store/write-file-whole.ts'
import { AuthorMemory } from '../trait/author/author-memory.ts'
import type { AuthorModel } from '../trait/author/author-model.ts'
import { authorTrait } from '../trait/author/author-trait.ts'
import { EngineAuthor } from '../trait/author/engine-author.ts'
import { parseAuthor } from '../trait/author/parse-author.ts'
import { ServerAuthor } from '../trait/author/server-author.ts'
import { traitYaml } from '../trait/author/trait-yaml.ts'
import { type LoadedTrait, loadTrait } from '../trait/load-trait.ts'
import { version } from './version.ts'

export interface NewTraitOptions {
  /** Lower-case letters, digits and hyphens. */
  readonly name: string
  /** What the trait is, in a sentence. */
  readonly describe: string
  /** `engine` or `<URL>#<model>`. */
  readonly author: string
  readonly workspace: Workspace
  /** Opens the model in use, for the author `engine`. It stays open. */
  readonly openEngine: () => Promise<Engine>
  /** Calls in flight at a time, to a server. */
  readonly concurrency?: number
  /** The same seed gives the same trait as before. Default 0. */
  readonly seed?: number
  /** Writes over a trait of this name. */
  readonly force?: boolean
  readonly onAsk?: (part: string, attempt: number) => void
  readonly signal?: AbortSignal
}

export interface NewTrait extends LoadedTrait {
  readonly author: string
  /** Replies that came from the author now, and those known from an earlier run. */
  readonly askedReplies: number
  readonly rememberedReplies: number
  readonly refusedQuestions: number
}

/**
 * Has an author write a trait into the workspace's traits folder, as a YAML file with comments, whole or not at all.
 * What the author replies is kept in the workspace, so that a run that was stopped goes on without asking twice.
 * @throws TRAIT_NAME_TAKEN, OPTION_INVALID, AUTHOR_SPEC_INVALID, AUTHOR_FAILED, AUTHOR_UNREACHABLE, AUTHOR_REFUSED,
 * INTERRUPTED, DISK_FULL, FILE_UNWRITABLE, what the engine throws
 */
export async function newTrait(options: NewTraitOptions): Promise<NewTrait> {
  const { name, describe, workspace, seed = 0, force = false, onAsk, signal } = options
  assertWish(options)
  const spec = parseAuthor(options.author)
  if (!force) await assertNameFree(workspace, name)
  const { concurrency } = options
  const author: AuthorModel =
    spec.kind === 'engine'
      ? new EngineAuthor(await options.openEngine())
      : new ServerAuthor({ ...spec, ...(concurrency !== undefined && { concurrency }) })
  const { trait, ...counts } = await authorTrait(
    { name, describe },
    {
      author,
      memory: await AuthorMemory.open(join(workspace.path, 'author')),
      seed,
      ...(onAsk && { onAsk }),
      ...(signal && { signal }),
    },
  )
  if (!force) await assertNameFree(workspace, name)
  const path = join(workspace.traits, `${name}.yaml`)
  const origin = { author: author.id, describe, seed, version, createdAt: new Date().toISOString() }
  await writeFileWhole(path, traitYaml(trait, origin))
  for (const other of otherEndings) await rm(join(workspace.traits, `${name}.${other}`), { force: true })
  return { ...(await loadTrait(path, workspace.traits)), author: author.id, ...counts }
}

const otherEndings = ['yml', 'json'] as const

function assertWish({ name, describe }: NewTraitOptions): void {
  if (!/^[a-z][a-z0-9-]{0,59}$/.test(name)) {
    const expected = 'lower-case letters, digits and hyphens, beginning with a letter'
    throw new PersonascopeError('OPTION_INVALID', { option: 'the name', expected, got: name })
  }
  const length = describe.trim().length
  if (length > 0 && length <= 1000) return
  const got = length === 0 ? '' : `${length} characters`
  throw new PersonascopeError('OPTION_INVALID', { option: 'the description', expected: 'a sentence or two', got })
}

async function assertNameFree({ traits }: Workspace, name: string): Promise<void> {
  for (const ending of ['yaml', ...otherEndings]) {
    const path = join(traits, `${name}.${ending}`)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) throw new PersonascopeError('TRAIT_NAME_TAKEN', { trait: name, path })
  }
}
