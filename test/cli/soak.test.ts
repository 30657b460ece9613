/** Thirty seconds of `npm run verify:soak`, on the fake engine. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the server outlives mixed load and a kill -9, and every whole answer is stored once', async () => {
  const script = join(import.meta.dirname, '../verify/soak.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--fake', '--seconds', '30'])
  const report = JSON.parse(stdout.trim().split('\n').at(-1)!)
  expect(report.finished).toBeGreaterThan(20)
  expect(report.stored).toBeGreaterThanOrEqual(report.finished)
  expect(report.counts['server killed']).toBe(1)
  expect(report.counts['hung up']).toBeGreaterThan(0)
  expect(report.counts['status 429']).toBeGreaterThan(0)
  expect(report.counts['status 400']).toBeGreaterThan(0)
  expect(report.fuzzed).toBeGreaterThanOrEqual(50)
})
