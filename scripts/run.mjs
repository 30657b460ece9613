/**
 * Runs the project's commands on a fresh machine: installs what is missing, then goes on under the pinned Node.
 * Knows no TypeScript and no dependency, because it runs before there are any, on whatever Node the machine has.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = name => join(root, 'node_modules', '.bin', name)
const pinnedNode = join(root, 'node_modules', 'node', 'bin', 'node')
const node = () => (existsSync(pinnedNode) ? pinnedNode : process.execPath)
const script = name => [node(), join(root, 'scripts', name)]
const cli = [join(root, 'src', 'cli', 'main.ts')]
// Commands start processes by the hundred, from sources in TypeScript: Node need not read each anew.
process.env['NODE_COMPILE_CACHE'] ??= join(root, 'node_modules', '.cache', 'node')

/** Each command as the processes it runs, one after the other. */
const commands = {
  demo: args => [[node(), ...cli, 'demo', ...args]],
  personascope: args => [[node(), ...cli, ...args]],
  test: args => [[...script('test.mjs'), ...args]],
  check: () => [
    [node(), bin('biome'), 'check', '.'],
    [node(), bin('tsc'), '-p', 'tsconfig.json'],
    [node(), bin('vitest'), 'run', '--project', 'unit'],
  ],
  fix: () => [[node(), bin('biome'), 'check', '--write', '.']],
  build: () => [
    [node(), '-e', 'fs.rmSync("dist",{recursive:true,force:true})'],
    [node(), bin('tsc'), '-p', 'tsconfig.build.json'],
  ],
  bench: args => [[node(), join(root, 'bench', 'main.ts'), ...args]],
  'bench-screening': args => [[node(), join(root, 'bench', 'screening', 'main.ts'), ...args]],
  'docs-sync': args => [[node(), join(root, 'scripts', 'docs-sync.ts'), ...args]],
  'verify-contract': args => [[node(), bin('vitest'), 'run', '--project', 'verify', ...args]],
  'verify-engine': args => [[node(), join(root, 'test', 'verify', 'engine.ts'), ...args]],
  'verify-experiment': args => [[node(), join(root, 'test', 'verify', 'experiment.ts'), ...args]],
  'verify-forecast': args => [[node(), join(root, 'test', 'verify', 'forecast.ts'), ...args]],
  'verify-neighbours': args => [[node(), join(root, 'test', 'verify', 'neighbours-by-format.ts'), ...args]],
  'verify-screening': args => [[node(), '--expose-gc', join(root, 'test', 'verify', 'screening.ts'), ...args]],
  'verify-vectors': args => [[node(), join(root, 'test', 'verify', 'vectors.ts'), ...args]],
  'verify-soak': args => [[node(), join(root, 'test', 'verify', 'soak.ts'), ...args]],
}

const [name, ...args] = process.argv.slice(2)
const command = commands[name]
if (!command) {
  console.error(`Expected one of ${Object.keys(commands).join(', ')}, got "${name ?? ''}".`)
  process.exit(2)
}
await install()
for (const [program, ...rest] of command(args)) {
  const code = await run(program, rest, name === 'personascope' ? process.env.INIT_CWD : root)
  if (code !== 0) process.exit(code)
}

/** Installs the locked dependencies, unless that was done for exactly this lock file. */
async function install() {
  const stamp = join(root, 'node_modules', '.installed-for')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.platform + process.arch)
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.error('Installing the dependencies ...')
  // Not `npm ci`: it refuses a lock file that leaves out optional packages of other platforms.
  // What npm's cache holds need not be asked for, and a network that is not there is given up soon.
  const patience = ['--prefer-offline', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=10000']
  const choices = ['--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error', ...patience]
  if ((await run('npm', ['install', ...choices])) !== 0) {
    fail('npm could not install the dependencies: check the network and run the command again.')
  }
  // Where npm runs no install scripts, the one that fetches the pinned Node is still to be run.
  const fetchNode = join(root, 'node_modules', 'node', 'installArchSpecificPackage.js')
  if (!existsSync(pinnedNode)) await run(process.execPath, [fetchNode], dirname(fetchNode))
  if (!existsSync(pinnedNode) && Number.parseInt(process.versions.node, 10) < 24) {
    fail(
      `Node 24 could not be fetched, and this is ${process.versions.node}: install Node 24 and run the command again.`,
    )
  }
  writeFileSync(stamp, wanted)
}

/** Ends the command. Tests end with their counts, whatever happened before the first one. */
function fail(why) {
  console.error(why)
  if (name === 'test') console.log('0 passed, 1 failed')
  process.exit(1)
}

function run(program, rest, cwd = root) {
  return new Promise(resolve => {
    const child = spawn(program, rest, { cwd, stdio: 'inherit' })
    // Ctrl-C reaches the child too, which ends in order; this process waits for it.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
    child.once('error', error => {
      console.error(`Could not start ${program}: ${error.message}`)
      resolve(3)
    })
    child.once('close', (code, signal) => resolve(signal ? 130 : (code ?? 1)))
  })
}
