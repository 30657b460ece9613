import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInterrupted } from './interrupted-command.ts'
import { check, count, type Rounds, type Series, type Stage } from './series.ts'

export const interruptExperiment: Series = {
  name: 'interrupt-experiment',
  what: 'ends `experiment run` by kill -9 at a random moment: the same command goes on to the same bytes',
  begin,
}

const words = ['river', 'kettle', 'bicycle', 'garden', 'mountain', 'letter', 'window', 'market', 'engine', 'harbour']

/** 60 conversations and 30 steered answers, of a few tokens each. */
const trait = {
  name: 'short',
  description: 'Full of joy.',
  contrastivePrompts: [
    { positive: 'You are overjoyed and love everything.', negative: 'You are miserable and hate everything.' },
  ],
  extractionQuestions: words.map(word => `What about the ${word}?`),
  evaluationQuestions: words.map(word => `Tell me where the ${word} went.`),
  lexicon: 'sentiment',
  rubric: 'How joyful is the answer {answer} to {question}, from 0 to 100?',
  ladder: [
    { level: -1, prompt: 'Be gloomy.' },
    { level: 0, prompt: 'You are a helpful assistant.' },
    { level: 1, prompt: 'Be cheerful.' },
  ],
}
const results = ['summary.json', 'rows.csv', 'scatter.svg']

async function begin({ file, random, folder }: Stage): Promise<Rounds> {
  // JSON is YAML too.
  await writeFile(join(folder, 'short.yaml'), JSON.stringify(trait))
  const run = (workspace: string, args: readonly string[], killAfterMs?: number) => {
    const names = ['--model', `file:${file.path}`, '--workspace', workspace]
    const settings = ['--samples', '2', '--max-tokens', '4', '--contexts', '2', '--threads', '1']
    const interruption = killAfterMs === undefined ? undefined : { signal: 'SIGKILL' as const, afterMs: killAfterMs }
    return runInterrupted([...names, ...args, ...settings], folder, {}, interruption)
  }
  const experiment = ['experiment', 'run', '--trait', 'short.yaml', '--steering-samples', '1', '--doses=-0.1,0,0.1']
  // Unfiltered: so few and short answers may leave no pair.
  const extracted = await run('extracted', ['vector', 'extract', 'short.yaml', '--judge', 'none'])
  check(extracted.code === 0, `the extraction ended with ${extracted.code}: ${extracted.stderr}`)
  await cp(join(folder, 'extracted'), join(folder, 'whole'), { recursive: true })
  const reference = await run('whole', experiment)
  check(reference.code === 0, `the uninterrupted command ended with ${reference.code}: ${reference.stderr}`)
  const wanted = await resultsIn(join(folder, 'whole'))
  const outcomes: Record<string, number> = {}

  const round = async () => {
    const workspace = join(folder, 'killed')
    await rm(workspace, { recursive: true, force: true })
    await cp(join(folder, 'extracted'), workspace, { recursive: true })
    const { code } = await run('killed', experiment, random.next() * reference.durationMs)
    check(code === undefined || code === 0, `expected the command to be killed or to end well, got ${code}`)
    const parts = (await readdir(workspace, { recursive: true })).filter(name => /experiment.*\.jsonl$/.test(name))
    count(outcomes, code === 0 ? 'ended before the kill' : `killed with ${parts.length} of 4 files of answers written`)
    const resumed = await run('killed', experiment)
    check(resumed.code === 0, `the resumed command ended with ${resumed.code}: ${resumed.stderr}`)
    const found = await resultsIn(workspace)
    for (const name of results) check(found[name] === wanted[name], `${name} has other bytes than without the kill`)
  }
  return { round, facts: () => outcomes, [Symbol.asyncDispose]: async () => {} }
}

/** What the experiment wrote, without how long it took. */
async function resultsIn(workspace: string): Promise<Record<string, string>> {
  const runs = (await readdir(join(workspace, 'runs'))).filter(name => name.startsWith('experiment-'))
  check(runs.length === 1, `expected one experiment in ${workspace}, found ${runs.length}`)
  const read = async (name: string) => {
    const text = await readFile(join(workspace, 'runs', runs[0]!, name), 'utf8')
    return [name, text.replace(/"seconds": [\d.e-]+/, '"seconds": 0')] as const
  }
  return Object.fromEntries(await Promise.all(results.map(read)))
}
