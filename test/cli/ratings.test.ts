/** The ratings commands as a user meets them, on a small run made here. They need no model. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeModel, startFakeOpenAi } from '../../src/judge/fake-openai.case.ts'
import { readSheet } from '../../src/judge/ratings/read-sheet.ts'
import { sha256 } from '../../src/store/hash.ts'
import { errorLines, runCommand } from './run-command.ts'

let folder: string
const runName = 'experiment-joyful-0123456789'
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
  const path = join(folder, '.personascope/runs', runName)
  await mkdir(path, { recursive: true })
  const ladder = [-1, 0, 1].map(level => ({ level, prompt: `Prompt ${level}` }))
  const manifest = { kind: 'experiment', plan: { trait: { name: 'joyful', ladder } }, planHash: '', createdAt: '' }
  await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest))
  // Two parts of 60 answers: 3 levels, 5 questions; the word list is sure, the other judge reverses it.
  for (const part of [0, 1]) {
    const nths = Array.from({ length: 60 }, (_, nth) => part * 60 + nth)
    const words = nths.map(nth => ({
      systemPrompt: `Prompt ${(nth % 3) - 1}`,
      questionText: `Question ${nth % 5}?`,
      answer: nth === 7 ? '=HYPERLINK("http://x")' : `Answer ${nth} is ${goodnessOf(nth)} good,\nall in all.`,
    }))
    await writeFile(join(path, `answers-000${part}.jsonl`), lines(words))
    for (const [judge, value] of [
      ['lexicon:sentiment', goodnessOf],
      ['llm:http://127.0.0.1/v1#other', (nth: number) => 100 - goodnessOf(nth)],
    ] as const) {
      const scores = nths.map(nth =>
        nth === 9
          ? { judge, expression: { status: 'unscored', reason: 'none' } }
          : { judge, expression: { status: 'scored', value: value(nth), method: 'lexicon' } },
      )
      await writeFile(join(path, `answers-000${part}.scores-${sha256(judge).slice(0, 8)}.jsonl`), lines(scores))
    }
  }
})
afterAll(async () => await rm(folder, { recursive: true }))

const goodnessOf = (nth: number) => (nth * 37) % 101
const lines = (values: readonly unknown[]) => values.map(value => `${JSON.stringify(value)}\n`).join('')
const run = (...args: string[]) => runCommand(args, { cwd: folder })
const json = async (...args: string[]) => JSON.parse((await run('--json', ...args)).stdout)

/** Fills a sheet in as a rater would: `rate` gets the row's cells. */
async function fill(sheet: string, out: string, column: string, rate: (cells: Record<string, string>) => string) {
  const rows = readSheet(await readFile(join(folder, sheet)), sheet)
  const cells = rows.map(({ cells: own }) => `${own['id']};"${rate({ ...own })}"`)
  await writeFile(join(folder, out), `id;${column}\r\n${cells.join('\r\n')}\r\n`)
}

/** What the answer says of itself; the one without a number is somewhere in the middle. */
const goodness = ({ answer }: Record<string, string>) => Number(/is (\d+) good/.exec(answer!)?.[1] ?? 50)

describe('ratings of answers', () => {
  test('go from a blind sheet over two raters to agreement with the judge', async () => {
    const unclear = await run('ratings', 'draw', runName)
    expect(unclear.code).toBe(2)
    expect(errorLines(unclear)[0]).toMatch(/Its judges are: .*lexicon:sentiment/)

    const drawn = await json('ratings', 'draw', runName, '--judge', 'lexicon', '--count', '60', '--out', 'sheet.csv')
    expect(drawn).toMatchObject({ kind: 'answers', count: 60, judge: 'lexicon:sentiment' })
    const sheet = await readFile(join(folder, 'sheet.csv'), 'utf8')
    for (const hidden of ['Prompt', 'lexicon', 'level', 'score']) expect(sheet).not.toContain(hidden)
    expect(drawn.keyPath).toBe(join(folder, '.personascope/ratings', drawn.sample, 'key.json'))
    expect(await readFile(join(folder, 'sheet.how-to-rate.md'), 'utf8')).toContain('The answer radiates joy')

    const again = await run('ratings', 'draw', runName, '--judge', 'lexicon', '--count', '60', '--out', 'sheet.csv')
    expect(again.code).toBe(2)
    expect(errorLines(again)[0]).toContain('a file that is not there yet')

    await fill('sheet.csv', 'ada.csv', 'rating', cells => String(goodness(cells)))
    await fill('sheet.csv', 'ben.csv', 'rating', cells => String(Math.round(goodness(cells) / 20) * 20))
    const imported = await run('ratings', 'import', 'ada.csv', '--rater', 'ada')
    expect(imported.code).toBe(0)
    expect(imported.stdout).toBe('ada.csv: 60 added, 0 changed, 0 known already, 0 left empty, 0 not taken in\n')
    await run('ratings', 'import', 'ben.csv', '--rater', 'ben')

    const { code, stdout, stderr } = await run('ratings', 'agree')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^lexicon:sentiment on joyful: 60 answers of experiment-joyful-0123456789/)
    expect(stdout).toMatch(/^ada +60 +(?:100\.0|9\d\.\d) % .* 1\.00 \(/m)
    expect(stdout).toMatch(/^ {2}ICC\(2,2\) +0\.9\d \(0\.9\d to \d\.\d\d\)$/m)

    const other = await json('ratings', 'agree', '--judge', 'other')
    expect(other.judge).toBe('llm:http://127.0.0.1/v1#other')
    expect(other.perRater[0].pearson.value).toBeLessThan(-0.95)
    expect(other.perRater[0].pearson.high).toBeLessThan(-0.9)
  })

  test('name the rows that cannot be taken in, keep the others, and count none twice', async () => {
    await fill('sheet.csv', 'cy.csv', 'rating', cells => (goodness(cells) > 90 ? 'lots' : String(goodness(cells))))
    const bad = readSheet(await readFile(join(folder, 'cy.csv')), 'cy.csv').filter(
      ({ cells }) => cells['rating'] === 'lots',
    )
    const first = await run('ratings', 'import', 'cy.csv', '--rater', 'cy')
    expect(first.code).toBe(2)
    const said = errorLines(first)
    expect(said.slice(0, -1)).toEqual(
      bad.map(({ line }) => `cy.csv, line ${line}: expected a number from 0 to 100, got "lots".`),
    )
    expect(said.at(-1)).toMatch(new RegExp(`^${bad.length} of 60 rows could not be taken in: cy\\.csv, line `))

    await fill('sheet.csv', 'cy.csv', 'rating', cells => String(goodness(cells)))
    const second = await run('ratings', 'import', 'cy.csv', '--rater', 'cy')
    expect(second.stdout).toContain(`: ${bad.length} added, 0 changed, ${60 - bad.length} known already`)
    const [sample] = await readdir(join(folder, '.personascope/ratings'))
    const kept = await readFile(join(folder, '.personascope/ratings', sample!, 'ratings.jsonl'), 'utf8')
    expect(kept.trimEnd().split('\n')).toHaveLength(180)
  })
})

describe('ratings of pairs', () => {
  test('give the share of preferences that the judge has too', async () => {
    const args = ['--judge', 'lexicon', '--pairs', '--count', '40', '--format', 'jsonl', '--out', 'pairs.jsonl']
    const { sample, count } = await json('ratings', 'draw', runName, ...args)
    expect(count).toBe(40)
    const key = JSON.parse(await readFile(join(folder, '.personascope/ratings', sample, 'key.json'), 'utf8'))
    const isWrong = new Set(key.items.slice(0, 4).map(({ id }: { id: string }) => id))
    const rows = (await readFile(join(folder, 'pairs.jsonl'), 'utf8')).trimEnd().split('\n')
    const filled = rows.map(row => {
      const cells = JSON.parse(row)
      const { a, b } = key.items.find(({ id }: { id: string }) => id === cells.id)
      const isFirst = a.scores['lexicon:sentiment'] > b.scores['lexicon:sentiment']
      return { ...cells, more: isFirst !== isWrong.has(cells.id) ? 'a' : 'b', rater: 'ada' }
    })
    await writeFile(join(folder, 'filled.jsonl'), lines(filled))
    await run('ratings', 'import', 'filled.jsonl')
    const agreement = await json('ratings', 'agree', sample)
    expect(agreement.perRater).toEqual([
      { rater: 'ada', rated: 40, pairwise: { value: 0.9, n: 40, low: expect.any(Number), high: expect.any(Number) } },
    ])
    const { stdout, stderr } = await run('ratings', 'agree', sample)
    expect(stdout).toMatch(/^ada +40 +90\.0 % \(\d\d\.\d % to \d+\.\d %\) of 40$/m)
    expect(stdout).toMatch(/^judge's scores apart +pairs +pairwise agreement$/m)
    expect(stderr).toContain('Warning: There is one rater')
  })
})

describe('judge compare', () => {
  test('shows how far two judges agree that scored the run', async () => {
    const { code, stdout } = await run('judge', 'compare', runName, '--judge-a', 'lexicon', '--judge-b', 'other')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^lexicon:sentiment and llm:http.*#other on joyful: 119 answers to 5 questions/)
    expect(stdout).toContain('1 more left unscored by one of them.')
    expect(stdout).toMatch(/^ {2}Pearson +-1\.00 \(-1\.00 to -1\.00\)$/m)
  })

  test('has a judge score the run that has not yet, and keeps what it says', async () => {
    await using server = await startFakeOpenAi()
    const judge = `${server.baseUrl}#${fakeModel}`
    const args = ['judge', 'compare', runName, '--judge-a', judge, '--judge-b', 'lexicon']
    const compared = await json(...args)
    expect(compared).toMatchObject({ judges: [`llm:${judge}`, 'lexicon:sentiment'], compared: 119, questions: 5 })
    expect(server.faults).toEqual([])
    const asked = server.requests.length
    expect(asked).toBeGreaterThan(118)
    expect(await json(...args)).toEqual(compared)
    expect(server.requests).toHaveLength(asked)
  })
})

describe('ratings', () => {
  test.each([
    [['draw', 'nothing'], /got "nothing"\. There are: experiment-joyful-0123456789\./],
    [['draw', runName, '--scale', '7'], /--scale to be two whole numbers/],
    [['import', 'missing.csv'], /^Expected a sheet of ratings at missing\.csv/],
    [['agree', 'nowhere'], /^Expected a sample drawn for raters, got "nowhere"/],
  ])('say in one line what is wrong with %j', async (args, said) => {
    const result = await run('ratings', ...args)
    expect(result.code).toBe(2)
    expect(errorLines(result)).toEqual([expect.stringMatching(said)])
  })
})
