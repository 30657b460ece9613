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
  const write = (name: string, value: string | undefined) => writeFileSync(paths[name]!, value ? `${value}\n` : '')
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
  return `#!/bin/sh
case "$0" in
  */python3)
    [ "$1 $2" = "-m pip" ] || exit 9
    shift 2 ;;
esac
if [ "$1" = --version ]; then
  echo "pip 99.1 from /somewhere (python 3.99)"
  exit 0
fi
[ "$1" = download ] || exit 8
while [ $# -gt 1 ]; do
  case "$1" in
    --dest) destination=$2 ;;
    --no-deps) alone=yes ;;
    --only-binary=:all:) runsNothing=yes ;;
  esac
  shift
done
[ "$alone $runsNothing" = "yes yes" ] || exit 7
requirement=$1
echo "$requirement" >> "${paths['asked']}"
printf %s "$TMPDIR" > "${paths['temporary']}"
if [ -s "${paths['fails']}" ]; then
  /bin/cat "${paths['fails']}" >&2
  exit 1
fi
if [ -s "${paths['hangs']}" ]; then
  echo half a wheel > "$TMPDIR/half"
  read -r file < "${paths['hangs']}"
  echo $$ > "$file"
  exec /bin/sleep 1000
fi
if [ -e "${paths['wheels']}/$requirement.whl" ]; then
  exec /bin/cp "${paths['wheels']}/$requirement.whl" "$destination/\${requirement%%=*}-py3-none-any.whl"
fi
echo "ERROR: No matching distribution found for $requirement" >&2
exit 1
`
}
