/** A `pip` for tests: hands out wheels from a folder, and writes down how it was called. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface FakePip {
  /** The folder to put on PATH. */
  readonly directory: string
  /** Put `<requirement>.whl` here. */
  readonly wheels: string
  /** The requirements it was asked to download, in order. */
  readonly asked: readonly string[]
  /** The folder it was told to unpack in. */
  readonly temporaryDirectory: string
  /** What it does from now on instead of handing out a wheel: prints this and fails. */
  fails: string | undefined
  /** It writes half a wheel where it unpacks, says its process id in this file, and waits for ever. */
  hangs: string | undefined
}

/** Writes a pip under the given names. */
export function writeFakePip(directory: string, names: readonly string[] = ['pip3']): FakePip {
  const paths = Object.fromEntries(
    ['wheels', 'asked', 'temporary', 'fails', 'hangs'].map(name => [name, join(directory, name)]),
  )
  mkdirSync(paths['wheels']!, { recursive: true })
  for (const name of names) {
    writeFileSync(join(directory, name), script(paths))
    chmodSync(join(directory, name), 0o755)
  }
  const read = (name: string) => (existsSync(paths[name]!) ? readFileSync(paths[name]!, 'utf8') : '')
  const write = (name: string, value: string | undefined) => writeFileSync(paths[name]!, value ?? '')
  return {
    directory,
    wheels: paths['wheels']!,
    get asked() {
      return read('asked').split('\n').filter(Boolean)
    },
    get temporaryDirectory() {
      return read('temporary')
    },
    get fails() {
      return read('fails')
    },
    set fails(value) {
      write('fails', value)
    },
    get hangs() {
      return read('hangs')
    },
    set hangs(value) {
      write('hangs', value)
    },
  }
}

function script(paths: Readonly<Record<string, string>>): string {
  return `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path')
const paths = ${JSON.stringify(paths)}
let given = process.argv.slice(2)
if (path.basename(process.argv[1]) === 'python3') {
  if (given.shift() !== '-m' || given.shift() !== 'pip') process.exit(9)
}
const read = name => fs.existsSync(paths[name]) ? fs.readFileSync(paths[name], 'utf8') : ''
if (given[0] === '--version') {
  console.log('pip 99.1 from /somewhere (python 3.99)')
  process.exit(0)
}
const requirement = given.at(-1)
const destination = given[given.indexOf('--dest') + 1]
if (given[0] !== 'download' || !given.includes('--no-deps') || !given.includes('--only-binary=:all:')) process.exit(8)
fs.appendFileSync(paths.asked, requirement + '\\n')
fs.writeFileSync(paths.temporary, process.env.TMPDIR)
if (read('fails')) {
  console.error(read('fails'))
  process.exit(1)
}
const wheel = path.join(paths.wheels, requirement + '.whl')
if (read('hangs')) {
  fs.writeFileSync(path.join(process.env.TMPDIR, 'half'), Buffer.alloc(1234))
  fs.writeFileSync(read('hangs'), String(process.pid))
  setInterval(() => {}, 1000)
} else if (fs.existsSync(wheel)) {
  fs.copyFileSync(wheel, path.join(destination, requirement.replace('==', '-') + '-py3-none-any.whl'))
} else {
  console.error('ERROR: No matching distribution found for ' + requirement)
  process.exit(1)
}
`
}
