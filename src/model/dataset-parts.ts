import { matchesGlob } from 'node:path'
import { parse } from 'yaml'

/** Rows that belong together: those of a split in a configuration. */
export interface DatasetPart {
  readonly config: string
  readonly split: string
  /** Paths in the repository. */
  readonly files: readonly string[]
}

export interface DatasetParts {
  readonly parts: readonly DatasetPart[]
  /** The configuration that is meant where none is named; undefined where there are several and none is the default. */
  readonly defaultConfig: string | undefined
}

const readable = /\.(jsonl|ndjson|json|csv|tsv|parquet)(\.(gz|gzip|zst|zstd))?$/i
/** What tools write beside the rows. */
const beside = /(^|\/)(dataset_infos?|dataset_dict|state|config|package)\.json$/i

/** The files that may hold rows, in order. */
export function rowFiles(paths: readonly string[]): string[] {
  return paths.filter(path => readable.test(path) && !beside.test(path) && !/(^|\/)\./.test(path)).sort()
}

/**
 * Which files hold which rows: as the dataset's card says (`configs` in the head of README.md), else by the names of
 * files and folders, as Hugging Face's own library reads them.
 * @param card the text of README.md, where there is one
 */
export function datasetParts(paths: readonly string[], card: string | undefined): DatasetParts {
  const files = rowFiles(paths)
  const configured = card === undefined ? [] : configsOf(card)
  const parts: { config: string; split: string; files: string[] }[] = []
  const add = (config: string, split: string, path: string) => {
    const known = parts.find(entry => entry.config === config && entry.split === split)
    if (!known) parts.push({ config, split, files: [path] })
    else if (!known.files.includes(path)) known.files.push(path)
  }
  for (const { name, data } of configured)
    for (const { split, pattern } of data)
      for (const path of files) if (matches(path, pattern)) add(name, split ?? splitOf(path), path)
  if (parts.length === 0) for (const path of files) add(configOf(path), splitOf(path), path)
  const names = [...new Set(parts.map(({ config }) => config))]
  const marked = configured.find(({ isDefault }) => isDefault)?.name
  return { parts, defaultConfig: marked ?? (names.includes('default') ? 'default' : onlyOf(names)) }
}

/**
 * The part that is meant: `config/split`, either of them, or none.
 * @returns the part, or what could have been meant
 */
export function choosePart(
  { parts, defaultConfig }: DatasetParts,
  names: readonly string[],
): DatasetPart | { readonly available: readonly string[] } {
  const of = (config: string | undefined, split: string | undefined) => {
    const own = parts.filter(part => part.config === config)
    return split === undefined
      ? (own.find(part => part.split === 'train') ?? onlyOf(own))
      : own.find(part => part.split === split)
  }
  const [first, second] = names
  const found =
    first === undefined || second !== undefined
      ? of(first ?? defaultConfig, second)
      : (of(first, undefined) ?? of(defaultConfig, first))
  return found ?? { available: parts.map(({ config, split }) => `${config}/${split}`) }
}

interface CardConfig {
  readonly name: string
  readonly isDefault: boolean
  readonly data: readonly { readonly split: string | undefined; readonly pattern: string }[]
}

/** What the head of a card says; nothing where it cannot be read. */
function configsOf(card: string): CardConfig[] {
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1]
  if (head === undefined) return []
  let value: unknown
  try {
    value = parse(head, { maxAliasCount: 20 })
  } catch {
    return []
  }
  return listOf(fieldOf(value, 'configs')).flatMap(config => {
    const name = fieldOf(config, 'config_name')
    const data = dataOf(fieldOf(config, 'data_files'), fieldOf(config, 'data_dir'))
    return typeof name === 'string' ? [{ name, isDefault: fieldOf(config, 'default') === true, data }] : []
  })
}

function dataOf(files: unknown, folder: unknown): CardConfig['data'] {
  const inFolder = (pattern: string) =>
    typeof folder === 'string' ? `${folder.replace(/\/$/, '')}/${pattern}` : pattern
  if (files === undefined) return typeof folder === 'string' ? [{ split: undefined, pattern: inFolder('**') }] : []
  return (Array.isArray(files) ? files : [files]).flatMap(entry => {
    const split = fieldOf(entry, 'split')
    const paths = typeof entry === 'string' ? [entry] : listOf(fieldOf(entry, 'path'))
    return paths.flatMap(path =>
      typeof path === 'string'
        ? [{ split: typeof split === 'string' ? split : undefined, pattern: inFolder(path) }]
        : [],
    )
  })
}

function listOf(value: unknown): unknown[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** Whether a path of a repository is meant by a path, a glob or a folder. */
export function matches(path: string, pattern: string): boolean {
  const plain = pattern.replace(/^\.?\//, '')
  return path === plain || matchesGlob(path, plain) || path.startsWith(`${plain.replace(/\/$/, '')}/`)
}

const splits: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing', 'eval', 'evaluation'],
}

/** By a word in the file's name, then in those of its folders; without one, train. */
function splitOf(path: string): string {
  for (const name of path.split('/').reverse()) {
    const words = name.toLowerCase().split(/[^a-z]+/)
    const found = Object.entries(splits).find(([, known]) => known.some(word => words.includes(word)))
    if (found) return found[0]
  }
  return 'train'
}

/** The first folder, unless it is the usual one for rows or names a split. */
function configOf(path: string): string {
  const [folder, ...rest] = path.split('/')
  const isSplit = Object.values(splits).some(known => known.includes(folder!.toLowerCase()))
  return rest.length === 0 || folder === 'data' || isSplit ? 'default' : folder!
}

function onlyOf<T>(values: readonly T[]): T | undefined {
  return values.length === 1 ? values[0] : undefined
}
