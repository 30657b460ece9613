/** A round or two of what `npm run verify:engine` does for long. Interrupted extraction is tested with the command line. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Outcome } from '../verify/run-series.ts'

const script = join(import.meta.dirname, '../verify/engine.ts')
const series = ['loads', 'kill-engine', 'kill-parent', 'abort', 'damaged-files', 'full-disk', 'interrupt-pull']

test('kills, aborts, damaged files, a full disk and interruptions at random moments leave nothing broken', {
  timeout: 600_000,
}, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    script,
    '--seconds',
    '7',
    '--only',
    series.join(','),
  ]).catch((error: { stdout: string; stderr: string }) => error)
  const report = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { series: Record<string, Outcome> }
  expect(Object.keys(report.series)).toEqual(series)
  for (const { rounds, failures, skipped } of Object.values(report.series)) {
    expect(failures, stderr).toEqual([])
    expect(skipped !== undefined || rounds > 0, stderr).toBe(true)
  }
})
