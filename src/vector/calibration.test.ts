import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fitLine } from '../numeric/linear-regression.ts'
import {
  type Calibration,
  calibrationPath,
  forecastFrom,
  readCalibration,
  takeBackCalibration,
  writeCalibration,
} from './calibration.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'personascope-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const x = [0, 1, 2, 3, 4, 5]
const calibration: Calibration = {
  format: 'personascope-calibration',
  formatVersion: 1,
  conditionalOn: {
    model: { id: 'fake', fileHash: 'f', chatTemplateHash: 'c' },
    trait: { name: 'calm', hash: 't' },
    ladderHash: 'l',
    directionHash: 'd',
    layer: 3,
    position: 'prompt_last',
    judge: 'lexicon:sentiment',
    sampling: { temperature: 0.7, maxTokens: 60 },
  },
  line: fitLine(x, [10, 21, 29, 41, 50, 59])!,
  answerLine: fitLine(x, [0, 31, 19, 51, 40, 69])!,
  range: { low: 0, high: 5 },
  evidence: { r: 0.66, low: 0.5, high: 0.8, withinLevelR: null },
  personascopeVersion: '0.1.0',
  createdAt: '2026-01-01T00:00:00.000Z',
}

describe('the file', () => {
  test('is read back as it was written', async () => {
    const path = calibrationPath(folder, 'fake', 'calm')
    await writeCalibration(path, calibration)
    expect(await readCalibration(path)).toEqual(calibration)
  })

  test('lies inside the folder, whatever the vector is called', () => {
    expect(calibrationPath(folder, 'a/b:c', '../../calm')).toBe(join(folder, 'a-b-c', '..-..-calm.json'))
  })

  test('that is not there is undefined', async () => {
    expect(await readCalibration(join(folder, 'none.json'))).toBeUndefined()
  })

  test.each([
    ['no JSON', '{"format": '],
    ['no calibration', '{"format": "personascope-vector"}'],
    ['of another version', JSON.stringify({ ...calibration, formatVersion: 2 })],
    [
      'with a slope that is no number',
      JSON.stringify({ ...calibration, line: { ...calibration.line, slope: 'steep' } }),
    ],
    [
      'with a line through one point',
      JSON.stringify({ ...calibration, line: { ...calibration.line, sumOfSquaresX: 0 } }),
    ],
    [
      'of another position',
      JSON.stringify({ ...calibration, conditionalOn: { ...calibration.conditionalOn, position: 'response_avg' } }),
    ],
  ])('that is damaged is refused: %s', async (_, content) => {
    const path = join(folder, 'damaged.json')
    await writeFile(path, content)
    await expect(readCalibration(path)).rejects.toMatchObject({ code: 'FILE_INVALID', facts: { path } })
  })
})

describe('a forecast', () => {
  test('inside the range is the line, with the interval of one answer around that of the mean', () => {
    const { expectedScore, expectedInterval, answerInterval, inRange } = forecastFrom(calibration, 2.5)
    expect(inRange).toBe(true)
    expect(expectedScore).toBeCloseTo(35, 10)
    expect(expectedInterval.low).toBeLessThan(35)
    expect(expectedInterval.high).toBeGreaterThan(35)
    expect(answerInterval.high - answerInterval.low).toBeGreaterThan(2 * (expectedInterval.high - expectedInterval.low))
  })

  test('outside the range says so, on either side', () => {
    expect(forecastFrom(calibration, -0.01).inRange).toBe(false)
    expect(forecastFrom(calibration, 5.01).inRange).toBe(false)
    expect([0, 5].map(projection => forecastFrom(calibration, projection).inRange)).toEqual([true, true])
  })

  test('never leaves 0..100', () => {
    for (const projection of [-1e6, -3, 0, 5, 30, 1e6]) {
      const { expectedScore, expectedInterval, answerInterval } = forecastFrom(calibration, projection)
      for (const value of [expectedScore, ...Object.values(expectedInterval), ...Object.values(answerInterval)]) {
        expect(value).toBeGreaterThanOrEqual(0)
        expect(value).toBeLessThanOrEqual(100)
      }
    }
    expect(forecastFrom(calibration, 1e6).expectedScore).toBe(100)
    expect(forecastFrom(calibration, -1e6).expectedScore).toBe(0)
  })
})

test('a calibration is taken back with its own direction only', async () => {
  const taken = await mkdtemp(join(tmpdir(), 'personascope-'))
  const path = join(taken, 'c.json')
  await writeCalibration(path, calibration)
  await takeBackCalibration(path, 'another')
  expect(await readCalibration(path)).toEqual(calibration)
  await takeBackCalibration(path, calibration.conditionalOn.directionHash)
  expect(await readCalibration(path)).toBeUndefined()
  await takeBackCalibration(path, 'd')
  await rm(taken, { recursive: true })
})
