/**
 * The house rule: a folder imports from lower rows only, never from a sibling, and no file imports itself in a circle.
 * Holds for what the product runs; tests may look everywhere.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const source = resolve(import.meta.dirname, '../../src')

/** Highest first. Folders on one row never import each other. */
const rows: readonly (readonly string[])[] = [
  ['cli'],
  ['server'],
  ['workbench'],
  ['steering', 'screening', 'monitoring', 'experiment', 'forecast', 'shift'],
  ['vector'],
  ['rollout'],
  ['judge'],
  ['trait'],
  ['engine'],
  ['chat', 'model', 'dataset', 'report'],
  ['numeric', 'store', 'queue'],
  ['errors', 'contract'],
]

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
  file => file.endsWith('.ts') && !/\.(test|case)\.ts$/.test(file),
)

/** What a file imports from this package, as paths relative to src. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => match[1]!)
  const started = [...text.matchAll(/new URL\(`(\.[^`$]+)\.\$\{extension\}`/g)].map(match => `${match[1]}.ts`)
  return [...specifiers, ...started].map(specifier => relative(source, join(source, dirname(file), specifier)))
}

const folderOf = (file: string) => file.split('/')[0]!
const rowOf = (folder: string) => rows.findIndex(row => row.includes(folder))

describe('the house', () => {
  test('has a row for every folder', () => {
    expect([...new Set(files.map(folderOf))].filter(folder => rowOf(folder) < 0)).toEqual([])
  })

  test('imports only from lower rows, and never from a sibling', () => {
    const wrong = files.flatMap(file =>
      importsOf(file)
        .filter(target => folderOf(target) !== folderOf(file) && rowOf(folderOf(target)) <= rowOf(folderOf(file)))
        .map(target => `${file} -> ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('has no circle of files', () => {
    expect(findCircle(new Map(files.map(file => [file, importsOf(file)])))).toBeUndefined()
  })

  test('finds a circle where there is one', () => {
    const circle = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['a']],
    ])
    expect(findCircle(circle)).toEqual(['a', 'b', 'c', 'a'])
  })

  test('calls native code from one folder only', () => {
    const callers = files.filter(file => /from 'koffi'/.test(readFileSync(join(source, file), 'utf8')))
    expect(callers.filter(file => !file.startsWith('engine/llama/native/'))).toEqual([])
  })
})

function findCircle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const target of imports.get(file) ?? []) {
      const circle = visit(target, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return undefined
  }
  for (const file of imports.keys()) {
    const circle = visit(file, [])
    if (circle) return circle
  }
  return undefined
}
