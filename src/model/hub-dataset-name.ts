import { PersonascopeError } from '../errors/personascope-error.ts'

/** What a dataset of the hub is called. */
export interface HubDatasetName {
  /** As it was given. */
  readonly text: string
  /** `owner/name`. */
  readonly repo: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  /** Which rows: a configuration and a split, or files. */
  readonly wanted: WantedPart | WantedFiles
}

export interface WantedPart {
  readonly kind: 'part'
  /** Of `config/split`: the one name that was given may be either. */
  readonly names: readonly string[]
}

export interface WantedFiles {
  readonly kind: 'files'
  /** The path of a file in the repository; may be a glob. */
  readonly pattern: string
}

const expected =
  'hf:<owner>/<name>[@<revision>][:<config>/<split>], hf:<owner>/<name>/<file>[@<revision>] or hf://datasets/<owner>/<name>[@<revision>]/<file>'
const part = '[\\w.-]+'
const url = new RegExp(`^hf://datasets/(${part}/${part})(?:@([^/]+))?(?:/(.+))?$`, 'i')
const file = new RegExp(`^hf:(${part}/${part})/([^@:]+)(?:@([^:]+))?$`, 'i')
const dataset = new RegExp(`^hf:(${part}/${part})(?:@([^:]+))?(?::([^:]+))?$`, 'i')

/** Whether a text names a dataset of the hub and no file of this machine. */
export function isHubDataset(text: string): boolean {
  return /^hf:/i.test(text)
}

/**
 * Reads a dataset's name: `hf:owner/name`, with `@revision`, with `:config/split`, `:config` or `:split`, or with the path
 * of a file or a glob; or as other tools write it, `hf://datasets/owner/name@revision/path`.
 * @throws OPTION_INVALID
 */
export function parseHubDataset(text: string): HubDatasetName {
  const refuse = () => new PersonascopeError('OPTION_INVALID', { option: 'the dataset', expected, got: text })
  const read = (repo: string, revision: string | undefined, wanted: HubDatasetName['wanted']): HubDatasetName => {
    const paths = [repo, revision ?? '', wanted.kind === 'files' ? wanted.pattern : '']
    // These become paths of the cache.
    if (paths.some(path => path.split('/').includes('..') || path.startsWith('/'))) throw refuse()
    return { text, repo, revision: revision ?? 'main', wanted }
  }
  const asUrl = url.exec(text)
  if (asUrl) {
    const [, repo = '', revision, path] = asUrl
    // In a path a slash would end the revision, so other tools write a conversion's branch like this.
    const long = revision?.replace(/^~/, 'refs/convert/').replaceAll('%2F', '/')
    return read(repo, long, path === undefined ? { kind: 'part', names: [] } : { kind: 'files', pattern: path })
  }
  const asFile = file.exec(text)
  if (asFile) return read(asFile[1]!, asFile[3], { kind: 'files', pattern: asFile[2]! })
  const asDataset = dataset.exec(text)
  if (!asDataset) throw refuse()
  const names = asDataset[3]?.split('/') ?? []
  if (names.length > 2 || names.includes('')) throw refuse()
  return read(asDataset[1]!, asDataset[2], { kind: 'part', names })
}
