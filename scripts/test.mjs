/**
 * The whole test run: format and lint, types, then every suite. Goes on after a failure, so that one run shows all of
 * them, and ends with the counts summed over the suites.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = name => join(root, 'node_modules', '.bin', name)
const reports = mkdtempSync(join(tmpdir(), 'personascope-test-'))
const only = process.argv.slice(2)

/** A step passes or fails as one; a suite counts its tests. */
const steps = [
  { name: 'format and lint', args: [bin('biome'), 'check', '.'] },
  { name: 'types', args: [bin('tsc'), '-p', 'tsconfig.json'] },
  { name: 'documents', args: [join(root, 'scripts', 'docs-sync.ts'), '--check'] },
  // Commands that need no model run beside unit tests, which leave them a core while they wait.
  { name: 'unit', projects: ['unit', 'commands'] },
  ...['real', 'cli', 'package'].map(project => ({ name: project, projects: [project] })),
]

const unknown = only.filter(name => !steps.some(step => step.name === name))
if (unknown.length > 0) {
  console.error(`Expected some of ${steps.map(({ name }) => name).join(', ')}, got ${unknown.join(', ')}.`)
  process.exit(2)
}
const totals = { passed: 0, failed: 0, skipped: 0 }
const lines = []
const chosen = steps.filter(({ name }) => only.length === 0 || only.includes(name))
// The first ones are short and share the cores; suites that measure or load models need them alone.
await Promise.all(chosen.filter(({ args }) => args).map(perform))
for (const suite of chosen.filter(({ projects }) => projects)) await perform(suite)
rmSync(reports, { recursive: true })
console.log(`\n${lines.join('\n')}\n`)
if (totals.skipped > 0) console.log(`${totals.skipped} skipped, each with its reason in its title.`)
console.log(`${totals.passed} passed, ${totals.failed} failed`)
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0

async function perform(step) {
  console.log(`\n=== ${step.name}`)
  const start = Date.now()
  const counts = step.projects ? await runSuite(step) : await runStep(step.args)
  for (const key of Object.keys(totals)) totals[key] += counts[key]
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  lines.push(
    `${step.name}: ${counts.passed} passed, ${counts.failed} failed${skipped} (${Math.round((Date.now() - start) / 1000)} s)`,
  )
}

async function runStep(args) {
  const code = await run(args)
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
}

async function runSuite({ name, projects }) {
  const report = join(reports, `${name}.json`)
  const code = await run([
    bin('vitest'),
    'run',
    ...projects.flatMap(project => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report}`,
  ])
  return countsOf(report, code)
}

/** What a suite's report says; a suite that left none, or ended badly where all its tests passed, has one failure. */
function countsOf(report, code) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of filesOf(report)) {
    const tests = file.assertionResults
    const count = (...statuses) => tests.filter(({ status }) => statuses.includes(status)).length
    // Pending: its process ended before it did.
    const failed = count('failed', 'pending')
    const skipped = count('skipped', 'todo', 'disabled')
    // A file that failed without a failed test failed outside of them, in a hook say: what did not run is no skip.
    const failedOutside = file.status === 'failed' && failed === 0
    counts.passed += count('passed')
    counts.failed += failedOutside ? Math.max(1, skipped) : failed
    counts.skipped += failedOutside ? 0 : skipped
  }
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

function filesOf(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults
  } catch {
    return []
  }
}

function run(args) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
    child.once('error', () => resolve(1))
    child.once('close', code => resolve(code ?? 1))
  })
}
