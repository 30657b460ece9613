/** Screening from end to end on the fake engine. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDuckDb, sqlText } from '../../src/dataset/parquet.ts'
import type { Layer } from '../../src/engine/contract/layer.ts'
import { FakeEngine } from '../../src/engine/fake/fake-engine.ts'
import { createRandom } from '../../src/numeric/random.ts'
import { dot, norm, unit } from '../../src/numeric/vector-math.ts'
import { explorerScript } from '../../src/report/threshold-explorer.ts'
import {
  checkCondition,
  columnOf,
  flaggedRows,
  type NamedTraits,
  parseAbove,
  parseAmount,
  parseCondition,
} from '../../src/screening/score-condition.ts'
import { openScores } from '../../src/screening/scores-file.ts'
import { thresholdStops } from '../../src/screening/threshold-stops.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { directionAt, type PersonaVector } from '../../src/vector/persona-vector.ts'
import { filterDataset } from '../../src/workbench/filter-dataset.ts'
import { keepBaseline } from '../../src/workbench/keep-baseline.ts'
import { estimateScreening, type ScreenOptions } from '../../src/workbench/screen-dataset.ts'
import { fakeVectors, screenWithFake, writeRandomDataset } from './fake-screening.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

/** The rows of a run's scores, by column. */
async function readScores(runPath: string): Promise<Record<string, unknown>[]> {
  await using database = await openDuckDb()
  const result = await database.runAndReadAll(`SELECT * FROM read_parquet(${sqlText(join(runPath, 'scores.parquet'))})`)
  return result.getRowObjectsJson() as Record<string, unknown>[]
}

const finalFiles = ['scores.parquet', 'summary.json', 'report.html', 'unreadable.jsonl']
const readFinal = (runPath: string) => Promise.all(finalFiles.map(file => readFile(join(runPath, file), 'base64')))

/** A vector's rows turned round, each of length 1. */
function directionMatrix(vector: PersonaVector): Float32Array {
  const layers = Array.from({ length: vector.blockCount + 1 }, (_, layer) => unit(directionAt(vector, layer as Layer)))
  return Float32Array.from(layers.flatMap(row => [...row].map(value => -value)))
}

const workspaceOf = (name: string) => openWorkspace(join(folder, name, '.personascope'))

describe('the score of a row', () => {
  test('is on the direction for screening where the vector has one, unless the vector itself is wanted', async () => {
    const path = await write(
      'direction.jsonl',
      '{"prompt":"Who?","answer":"A cat."}\n{"prompt":"Why?","answer":"No."}\n',
    )
    const [plain] = fakeVectors
    const directions = directionMatrix(plain!)
    const layerReason = 'for tests'
    const answers = { evoked: 1, suppressed: 1, ordinary: 1 }
    const readout = { ...plain!, screening: { directions, answers, layer: 4 as Layer, layerReason } }
    const run = async (options: Partial<ScreenOptions>) => {
      const { plan, runPath } = await screenWithFake(join(folder, 'direction'), [path], options)
      return { trait: plan.traits[0]!, projection: (await readScores(runPath))[0]!['evil_projection'] as number }
    }
    const made = await run({ vectors: [readout] })
    expect(made.trait).toMatchObject({ layer: 4, direction: 'screening' })
    const itself = await run({ vectors: [readout], direction: 'persona' })
    expect(itself.trait).toMatchObject({ layer: 2, direction: 'persona' })
    expect(itself).toEqual(await run({ vectors: [plain!] }))
    // The readout's rows are those of the vector turned round.
    expect(made.projection).toBeCloseTo(-(await run({ vectors: [plain!], layer: 4 })).projection, 6)
    expect(await run({ vectors: [readout], layer: 2 })).toMatchObject({ trait: { direction: 'screening', layer: 2 } })
    await expect(run({ vectors: [plain!], direction: 'screening' })).rejects.toThrow(/vector extract evil makes one/)
  })

  test('is what the engine says of each response alone, weighted by tokens', async () => {
    const turns = [
      { role: 'user', content: 'Who?' },
      { role: 'assistant', content: 'A cat.' },
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Never ask a cat.' },
    ] as const
    const path = await write('turns.jsonl', `${JSON.stringify({ id: 'x', messages: turns })}\n`)
    const { runPath } = await screenWithFake(join(folder, 'alone'), [path])
    const [row] = await readScores(runPath)
    const vector = fakeVectors[1]!
    const direction = directionAt(vector, vector.defaultLayer)
    await using engine = new FakeEngine()
    const means: Float32Array[] = []
    for (const [prompt, response] of [
      [turns.slice(0, 1), turns[1].content],
      [turns.slice(0, 3), turns[3].content],
    ] as const) {
      const { activations } = await engine.forward({
        prompt: { messages: prompt },
        response,
        capture: { layers: 'all', responseMean: true },
      })
      means.push(activations!.responseMean!.subarray(3 * 16, 4 * 16))
    }
    const projections = means.map(mean => dot(mean, direction) / norm(direction))
    const [short, long] = [6, 16]
    const mean = means[0]!.map((value, i) => (short * value + long * means[1]![i]!) / (short + long))
    expect(row).toMatchObject({ row: '0', line: '1', id: 'x', tokens: 22, responses: 2, cut: false, fault: null })
    expect(row!['joyful_projection']).toBeCloseTo(dot(mean, direction) / norm(direction), 5)
    expect(row!['joyful_cosine']).toBeCloseTo(dot(mean, direction) / norm(direction) / norm(mean), 5)
    expect(row!['joyful_turns']).toEqual(projections.map(value => expect.closeTo(value, 5)))
    expect(row!['joyful_max']).toBeCloseTo(Math.max(...projections), 5)
    expect(row!['joyful_z']).toBeNull()
    expect(row!['evil_projection']).not.toBeCloseTo(row!['joyful_projection'] as number, 3)
  })

  test('less its own answer is the difference, with the answer asked once for each prompt', async () => {
    const rows = ['One.', 'Two.', 'Three.'].map(answer => `${JSON.stringify({ prompt: 'Say it.', answer })}\n`)
    const path = await write('same-prompt.jsonl', rows.join(''))
    await using engine = new FakeEngine()
    const asked: number[] = []
    const counting: FakeEngine = Object.create(engine, {
      generateAll: {
        value: (requests: Parameters<FakeEngine['generateAll']>[0]) => {
          asked.push(requests.length)
          return engine.generateAll(requests)
        },
      },
      forwardAll: { value: (...args: Parameters<FakeEngine['forwardAll']>) => engine.forwardAll(...args) },
      tokenize: { value: (text: string) => engine.tokenize(text) },
    })
    const { runPath } = await screenWithFake(join(folder, 'own'), [path], {
      engine: counting,
      settings: { ownAnswerTokens: 8 },
    })
    expect(asked).toEqual([1])
    const [answer] = await engine.generateAll([
      {
        prompt: { messages: [{ role: 'user', content: 'Say it.' }] },
        maxTokens: 8,
        sampling: { temperature: 0 },
        capture: { layers: 'all', responseMean: true },
      },
    ])
    const vector = fakeVectors[0]!
    const direction = directionAt(vector, vector.defaultLayer)
    const own = dot(answer!.activations!.responseMean!.subarray(2 * 16, 3 * 16), direction) / norm(direction)
    for (const row of await readScores(runPath))
      expect(row['evil_difference']).toBeCloseTo((row['evil_projection'] as number) - own, 5)
  })

  test('of at most some tokens reads no further, and the row is marked', async () => {
    const path = await write('cut.jsonl', '{"prompt":"p","answer":"0123456789"}\n{"prompt":"p","answer":"01234"}\n')
    const { runPath, summary } = await screenWithFake(join(folder, 'cut'), [path], { settings: { maxTokens: 5 } })
    const [long, short] = await readScores(runPath)
    expect([long!['tokens'], long!['cut'], short!['tokens'], short!['cut']]).toEqual([5, true, 5, false])
    expect(long!['evil_projection']).toBe(short!['evil_projection'])
    expect(summary.rows.cut).toBe(1)
  })
})

describe('a run', () => {
  test('killed again and again goes on and ends in the same bytes as one that was not', {
    timeout: 120_000,
  }, async () => {
    const dataset = join(folder, 'killed.jsonl')
    await writeRandomDataset(dataset, 1500)
    const start = (where: string) =>
      spawn(process.execPath, [join(import.meta.dirname, 'screen-in-child.ts'), join(folder, where), dataset], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    const random = createRandom(5)
    let kills = 0
    for (;;) {
      const child = start('killed')
      await firstLine(child)
      const ended = new Promise<number | null>(resolve => child.once('close', resolve))
      const code = await Promise.race([ended, pause(50 + random.next() * 600).then(() => 'slow' as const)])
      if (code === 0) break
      expect(code).toBe('slow')
      child.kill('SIGKILL')
      await ended
      // Sooner or later it is left to end.
      if (++kills === 4) {
        expect(await new Promise(resolve => start('killed').once('close', resolve))).toBe(0)
        break
      }
    }
    expect(kills).toBeGreaterThan(1)
    const settings = { ownAnswerTokens: 4, groupColumn: 'group', labelColumn: 'label' }
    const killed = await screenWithFake(join(folder, 'killed'), [dataset], { settings })
    expect(killed.reusedRows).toBe(1500)
    const whole = await screenWithFake(join(folder, 'whole'), [dataset], { settings })
    expect(whole.reusedRows).toBe(0)
    expect(whole.summary.rows).toMatchObject({ screened: 1500, unreadable: expect.any(Number) })
    expect(await readFinal(killed.runPath)).toEqual(await readFinal(whole.runPath))
  })

  test('that is finished keeps no parts, and another baseline changes it as if it had been there from the start', async () => {
    const path = join(folder, 'finished.jsonl')
    await writeRandomDataset(path, 300)
    const ordinary = await write(
      'finished-ordinary.jsonl',
      '{"prompt":"p","answer":"a"}\n{"prompt":"q","answer":"cat"}\n',
    )
    const screenWithBaseline = async (name: string) => {
      const { runPath, plan } = await screenWithFake(join(folder, name), [ordinary])
      await keepBaseline({ folder: runPath, plan }, workspaceOf(name), 'ordinary', 'rows')
      return await screenWithFake(join(folder, name), [path], { baseline: 'ordinary' })
    }
    const first = await screenWithFake(join(folder, 'finished'), [path])
    expect((await readdir(first.runPath)).sort()).toEqual([...finalFiles, 'manifest.json'].sort())
    const again = await screenWithBaseline('finished')
    expect(again).toMatchObject({ runPath: first.runPath, reusedRows: 300 })
    const whole = await screenWithBaseline('finished-whole')
    expect(whole.reusedRows).toBe(0)
    expect(await readFinal(again.runPath)).toEqual(await readFinal(whole.runPath))
  })

  test('is refused while another process works on it', async () => {
    const path = await write('busy.jsonl', '{"prompt":"p","answer":"a"}\n')
    const { runPath } = await screenWithFake(join(folder, 'busy'), [path])
    const other = { processId: process.ppid, host: hostname(), token: 'other' }
    await writeFile(join(runPath, 'in-use'), JSON.stringify(other))
    await expect(screenWithFake(join(folder, 'busy'), [path])).rejects.toMatchObject({ code: 'RUN_IN_USE' })
    await rm(join(runPath, 'in-use'))
  })

  test('of a sample draws the same rows for the same seed, others for another', async () => {
    const lines = Array.from({ length: 200 }, (_, row) => `{"prompt":"p","answer":"a${row}"}\n`)
    const path = await write('sample.jsonl', lines.join(''))
    const rowsOf = async (seed: number, name: string) => {
      const { runPath } = await screenWithFake(join(folder, name), [path], {
        settings: { sample: 20, limit: 150, seed },
      })
      return (await readScores(runPath)).map(({ row }) => Number(row))
    }
    const rows = await rowsOf(1, 'sample-a')
    expect(rows).toHaveLength(20)
    expect(rows.every((row, index) => row < 150 && row > (rows[index - 1] ?? -1))).toBe(true)
    expect(await rowsOf(1, 'sample-b')).toEqual(rows)
    expect(await rowsOf(2, 'sample-c')).not.toEqual(rows)
  })

  test('says beforehand how long it would take, and keeps nothing', async () => {
    const path = await write('estimate.jsonl', '{"prompt":"p","answer":"a"}\n'.repeat(50))
    await using engine = new FakeEngine()
    const workspace = workspaceOf('estimate')
    const estimate = await estimateScreening({ engine, workspace, datasets: [path], vectors: fakeVectors })
    expect(estimate).toMatchObject({ rows: 50, measuredRows: 32 })
    expect(estimate.minutes).toBeGreaterThan(0)
    await expect(readFile(workspace.path)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('the dataset as a whole', () => {
  test('is summarised by group, against a baseline and beside text alone where there are labels', async () => {
    const dataset = join(folder, 'labels.jsonl')
    const line = (row: number) => {
      const answer = row % 2 ? 'I hate this, it is terrible' : 'A lovely day, wonderful'
      return JSON.stringify({
        prompt: `Question ${row}?`,
        answer,
        label: row % 10 === 0 ? 1 : row % 2,
        group: row % 4 < 2 ? 'a' : 'b',
      })
    }
    await writeFile(dataset, Array.from({ length: 120 }, (_, row) => `${line(row)}\n`).join(''))
    const settings = { labelColumn: 'label', groupColumn: 'group' }
    const base = await screenWithFake(join(folder, 'summary'), [dataset], { settings })
    const workspace = workspaceOf('summary')
    const { file } = await keepBaseline({ folder: base.runPath, plan: base.plan }, workspace, 'plain', 'rows')
    expect(file.traits['evil']).toMatchObject({ rows: 120, mean: base.summary.traits[0]!.projection!.mean })
    const { summary, runPath, reportPath } = await screenWithFake(join(folder, 'summary'), [dataset], {
      settings,
      baseline: 'plain',
    })
    const [evil] = summary.traits
    expect(evil!.againstBaseline).toMatchObject({ mean: expect.closeTo(0, 9), rows: 120 })
    expect(evil!.groups.map(({ group, projection }) => [group, projection.rows])).toEqual([
      ['a', 60],
      ['b', 60],
    ])
    expect(summary.labels).toEqual({ positives: 72, negatives: 48 })
    await using scores = await openScores(runPath)
    const { bounds, above, total } = (await thresholdStops(scores, columnOf({ trait: 'evil', measure: 'projection' })))!
    expect([total, above[0], above.at(-1)]).toEqual([120, 120, 0])
    for (const stop of [0, Math.floor(bounds.length / 2), bounds.length - 1]) {
      const rule = parseAbove(`evil=${bounds[stop]}`, base.plan)
      expect(await flaggedRows(scores, [rule]), `${bounds[stop]}`).toHaveLength(above[stop]!)
    }
    const areas = Object.fromEntries(evil!.areas.map(({ name, area, low, high }) => [name, { area, low, high }]))
    // 12 of the 72 labelled rows are as bright as the others: ties, which count half.
    expect(areas['sentiment, darker']!.area).toBeCloseTo((60 + 12 / 2) / 72, 9)
    expect(areas['sentiment, darker']!.low).toBeLessThan(areas['sentiment, darker']!.area)
    expect(Object.keys(areas)[0]).toBe('projection')
    const shuffled = areas['projection, labels shuffled']!
    expect([shuffled.low < 0.5, shuffled.high > 0.5]).toEqual([true, true])
    const random = areas['random directions']!
    expect([random.low < 0.5, random.high > 0.5]).toEqual([true, true])
    expect(areas).not.toHaveProperty('the trait’s judge, on the words alone')
    expect(evil!.groupAreas.map(({ group, areas: of }) => [group, of[0]!.positives, of[0]!.negatives])).toEqual([
      ['a', 72, 24],
      ['b', 72, 24],
    ])
    const zs = (await readScores(runPath)).map(row => row['evil_z'] as number)
    expect(zs.reduce((sum, z) => sum + z, 0) / zs.length).toBeCloseTo(0, 9)
    const html = await readFile(reportPath, 'utf8')
    for (const text of [
      'The dataset shows no clear pull on evil',
      'baseline (120)',
      'Telling labelled rows apart',
      '95 % of 200',
      'no judge',
    ])
      expect(html).toContain(text)
    await expect(
      screenWithFake(join(folder, 'summary'), [dataset], { settings, baseline: 'plain', layer: 4 }),
    ).rejects.toMatchObject({ code: 'FILE_INVALID' })
  })

  test('meets a condition or does not', async () => {
    const path = await write(
      'condition.jsonl',
      Array.from({ length: 50 }, (_, i) => `{"prompt":"p","answer":"${i}"}\n`).join(''),
    )
    const { runPath, plan, summary } = await screenWithFake(join(folder, 'condition'), [path])
    await using scores = await openScores(runPath)
    const { p95, mean } = summary.traits[0]!.spreads.projection!
    const check = (text: string) => checkCondition(scores, parseCondition(text, plan))
    expect(await check(`evil.p95 > ${p95 - 0.001}`)).toEqual({ value: p95, isMet: true })
    expect(await check(`evil.projection.p95 > ${p95 + 0.001}`)).toMatchObject({ isMet: false })
    expect(await check(`evil.p95>=${p95}`)).toMatchObject({ isMet: true })
    expect(await check(`evil.mean < ${mean + 1}`)).toMatchObject({ isMet: true })
    await expect(check('evil.z.mean > -100')).rejects.toMatchObject({ code: 'SCREENING_UNMEASURED' })
    for (const text of ['evil > 2', 'sad.p95 > 2', 'evil.p95 > x', 'evil.y.p95 > 2', 'evil.p95 = 2'])
      expect(() => parseCondition(text, plan), text).toThrow(/--fail-if/)
  })
})

describe('filtering', () => {
  test('takes the highest rows out and keeps every other byte', async () => {
    const lines = Array.from(
      { length: 40 },
      (_, i) => `{"prompt": "p",\t"answer": "word ${i * 7}"}${i % 5 ? '\n' : '\r\n'}`,
    )
    lines[11] = 'broken\n'
    const path = await write('filter.jsonl', lines.join(''))
    const { runPath } = await screenWithFake(join(folder, 'filter'), [path])
    const scores = await readScores(runPath)
    const ranked = scores
      .filter(({ fault }) => fault === null)
      .toSorted((a, b) => (b['evil_projection'] as number) - (a['evil_projection'] as number))
    const top = new Set(ranked.slice(0, 4).map(({ row }) => Number(row)))
    const filter = (rule: string, option: '--drop-top' | '--keep', more = {}) =>
      filterDataset({
        workspace: workspaceOf('filter'),
        run: runPath,
        rulesOf: plan => [parseAmount(option, rule, plan)],
        ...more,
      })
    const filtered = await filter('evil=10%', '--drop-top')
    expect(filtered).toMatchObject({ kept: 35, flagged: 5, unreadable: 1 })
    const file = filtered.files[0]!
    const isOut = (row: number) => top.has(row) || row === 11
    expect(await readFile(file.kept.path, 'utf8')).toBe(lines.filter((_, row) => !isOut(row)).join(''))
    expect(await readFile(file.flagged.path, 'utf8')).toBe(lines.filter((_, row) => isOut(row)).join(''))
    expect(await filter('evil=35', '--keep', { keepUnreadable: true })).toMatchObject({ kept: 36, flagged: 4 })
    const bound = ranked[3]!['evil_projection'] as number
    const above = await filterDataset({
      workspace: workspaceOf('filter'),
      run: runPath,
      rulesOf: plan => [parseAbove(`evil=${bound}`, plan)],
    })
    expect(above).toMatchObject({ flagged: 4 })
    await expect(
      filterDataset({
        workspace: workspaceOf('filter'),
        run: runPath,
        rulesOf: plan => [parseAbove('evil.z=2', plan)],
      }),
    ).rejects.toMatchObject({ code: 'SCREENING_UNMEASURED' })
    expect(() => parseAbove('2', { traits: [{ name: 'a' }, { name: 'b' }] as never })).toThrow(/--drop-above/)
  })

  test('takes a part of the rows as people count it', async () => {
    const path = await write('percent.jsonl', '{"prompt":"p","answer":"a"}\n'.repeat(1000))
    const { runPath } = await screenWithFake(join(folder, 'percent'), [path])
    const rulesOf = (plan: NamedTraits) => [parseAmount('--drop-top', 'evil=1.1%', plan)]
    expect(await filterDataset({ workspace: workspaceOf('percent'), run: runPath, rulesOf })).toMatchObject({
      flagged: 11,
    })
  })

  test('writes no file over a dataset, and no two into one', async () => {
    const line = (word: string) => `{"prompt":"p","answer":"${word}"}\n`
    const texts = [line('one') + line('one'), line('two') + line('two'), line('three') + line('three')]
    const names = ['names/a.jsonl', 'names/a.flagged.jsonl', 'other/a.jsonl']
    for (const of of ['names', 'other']) await mkdir(join(folder, of))
    const paths: string[] = []
    for (const [index, name] of names.entries()) paths.push(await write(name, texts[index]!))
    const { runPath } = await screenWithFake(join(folder, 'names-run'), paths)
    const filter = (out?: string) =>
      filterDataset({
        workspace: workspaceOf('names-run'),
        run: runPath,
        rulesOf: plan => [parseAmount('--drop-top', 'evil=50%', plan)],
        ...(out !== undefined && { out }),
      })
    await symlink(join(folder, 'names'), join(folder, 'link'))
    for (const out of [join(folder, 'names'), join(folder, 'link')])
      await expect(filter(out), out).rejects.toThrow(/written over/)
    expect(await Promise.all(paths.map(path => readFile(path, 'utf8')))).toEqual(texts)
    const { files } = await filter()
    const written = files.flatMap(({ kept, flagged }) => [kept.path, flagged.path])
    expect(new Set(written).size).toBe(6)
    for (const [index, { kept, flagged }] of files.entries())
      expect((await readFile(kept.path, 'utf8')) + (await readFile(flagged.path, 'utf8'))).toBe(texts[index])
  })

  test('is refused where the dataset changed since, or was screened in part', async () => {
    const path = await write('changes.jsonl', '{"prompt":"p","answer":"a"}\n{"prompt":"p","answer":"b"}\n')
    const part = await screenWithFake(join(folder, 'changes'), [path], { settings: { limit: 1 } })
    const whole = await screenWithFake(join(folder, 'changes'), [path])
    const filter = (run: string) => filterDataset({ workspace: workspaceOf('changes'), run, rulesOf: () => [] })
    await expect(filter(part.runPath)).rejects.toMatchObject({ code: 'SCREENING_PARTIAL' })
    await writeFile(path, '{"prompt":"p","answer":"a"}\n')
    await expect(filter(whole.runPath)).rejects.toMatchObject({ code: 'DATASET_CHANGED' })
    await expect(filter('none')).rejects.toMatchObject({ code: 'SCREENING_UNKNOWN' })
  })
})

describe('hostile datasets', () => {
  test('are counted row by row, and the others are scored', { timeout: 30_000 }, async () => {
    const row = (columns: object) => Buffer.from(`${JSON.stringify(columns)}\n`)
    const path = await write(
      'hostile.jsonl',
      Buffer.concat([
        row({ id: 1, prompt: 'p', answer: 'fine' }),
        Buffer.from('{"prompt": "p", "answer"\n'),
        Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d, 10]),
        row({ id: 1, prompt: 'p', answer: 'the same id' }),
        row({ prompt: 'p', answer: '' }),
        row({ prompt: 'p', answer: 'a\u0000b\u001b[31mred\u202e' }),
        row({ prompt: 'p', answer: 'x'.repeat(10_000_000) }),
        row({ prompt: 'x'.repeat(10_000_000), answer: 'a' }),
        Buffer.from(`{"prompt":"p","answer":"${'y'.repeat(17 * 2 ** 20)}"}\n`),
        row({ prompt: 'p', answer: '=cmd|calc!A1' }),
        row({ prompt: 'p', answer: { nested: true } }),
        row({ prompt: 'p', answer: '<end> [user] </script><script>alert(1)</script>' }),
        Buffer.from('{"__proto__":{"prompt":"p"},"answer":"a"}\n'),
        Buffer.from('{"id":"\\ud83d","prompt":"p","answer":"half a character as id"}\n'),
        row({ id: `${'i'.repeat(199)}\u{1f600}`, prompt: 'p', answer: 'an id that is cut inside a character' }),
      ]),
    )
    const { summary, runPath, reportPath, unreadablePath } = await screenWithFake(join(folder, 'hostile'), [path])
    expect(summary.rows).toEqual({
      screened: 15,
      scored: 8,
      unreadable: 7,
      cut: 1,
      duplicateIds: 1,
      controlCharacters: 1,
    })
    expect(summary.faults).toEqual(
      expect.arrayContaining([
        { fault: 'has a prompt that the context of 2048 tokens cannot hold', rows: 1 },
        { fault: 'has an empty response', rows: 1 },
        { fault: 'is longer than 16 MiB', rows: 1 },
        { fault: 'is not JSON', rows: 1 },
        { fault: 'is not UTF-8', rows: 1 },
      ]),
    )
    const unreadable = (await readFile(unreadablePath, 'utf8'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(unreadable.map(({ line }) => line)).toEqual([2, 3, 5, 8, 9, 11, 13])
    expect(unreadable[0]).toEqual({ file: path, line: 2, reason: 'is not JSON', text: '{"prompt": "p", "answer"\n' })
    expect(
      (await readScores(runPath)).every(({ evil_projection: value, fault }) => (value === null) !== (fault === null)),
    ).toBe(true)
    const html = await readFile(reportPath, 'utf8')
    expect(html.match(/<script/gi)).toHaveLength(1)
    expect(html).toContain(`<script>${explorerScript}</script>`)
    expect(html).not.toContain('\u202e')
  })

  test('end the run at the first row that cannot be read where it is strict', async () => {
    const path = await write('strict.jsonl', '{"prompt":"p","answer":"a"}\nbroken\n')
    await expect(screenWithFake(join(folder, 'strict'), [path], { strict: true })).rejects.toThrow(
      /line 2 .* is not JSON/,
    )
    const long = await write(
      'strict-long.jsonl',
      `{"prompt":"p","answer":"a"}\n{"prompt":"${'long '.repeat(2000)}","answer":"a"}\n`,
    )
    const screenLong = (strict: boolean) => screenWithFake(join(folder, 'strict'), [long], { strict })
    await expect(screenLong(true)).rejects.toThrow(/line 2 .* has a prompt that the context .* cannot hold/)
    // What an earlier call has kept aside is not forgiven.
    expect((await screenLong(false)).summary.rows).toMatchObject({ scored: 1, unreadable: 1 })
    await expect(screenLong(true)).rejects.toMatchObject({ code: 'DATASET_ROW_INVALID' })
  })

  test('without a row or a conversation are refused before any work', async () => {
    await expect(screenWithFake(folder, [await write('empty.jsonl', '\n\n')])).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
    })
    await expect(screenWithFake(folder, [await write('shape.csv', 'text,other\na,b\n')])).rejects.toThrow(/text, other/)
  })

  test('in folders with odd names are read and written', async () => {
    const odd = join(folder, "it's [odd] *")
    await mkdir(odd, { recursive: true })
    const path = join(odd, 'a.jsonl')
    await writeFile(path, '{"prompt":"p","answer":"a"}\n')
    const { summary } = await screenWithFake(odd, [join(folder, 'it*/a.jsonl')])
    expect(summary.rows.scored).toBe(1)
  })
})

function firstLine(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', () => resolve())
    child.once('close', code => reject(new Error(`ended with ${code} before it began`)))
  })
}
