/**
 * Contender: `personascope serve` as a user starts it, and clients that stream from it: 16 at a time. With `monitored`
 * as the second argument it reads three traits in every answer, with `forecasting` it forecasts them, too. The clients
 * run in this process, whose own processor time is told too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openModel, readyModel } from '../src/workbench/open-model.ts'
import { writeOddVector } from '../test/cli/odd-vector.ts'
import { readJob, serveRounds } from './contender-process.ts'
import { writeOddForecaster } from './odd-forecaster.ts'
import { benchVectors, StreamingClients } from './streaming-clients.ts'

const job = readJob()
const traits = process.argv[3] === 'served' ? [] : benchVectors
const folder = mkdtempSync(join(tmpdir(), 'personascope-bench-server-'))
const workspace = join(folder, 'workspace')
for (const [index, name] of benchVectors.entries()) await writeOddVector(workspace, name, index)
if (process.argv[3] === 'forecasting') await writeForecasters()
const { file } = await readyModel(job.model)
const { child, url } = await startServer()
const clients = new StreamingClients(url, job.model)

await serveRounds({ traits: traits.length, weightsPath: file.path }, async options => {
  const before = process.cpuUsage()
  const { tokens, firstTokenMs } = await clients.run(job, options)
  const { user, system } = process.cpuUsage(before)
  const wanted = options.sequences * job.writtenTokens
  // An answer may end by itself: the round counts for as much as was written.
  return {
    share: tokens / wanted,
    facts: { tokens, firstTokenMs: firstTokenMs.map(ms => Math.round(ms)), clientsCpuSeconds: (user + system) / 1e6 },
  }
})
clients.close()
const ended = new Promise(resolve => child.once('close', resolve))
child.kill('SIGTERM')
await ended
rmSync(folder, { recursive: true })

async function writeForecasters(): Promise<void> {
  await using engine = await openModel(job.model, { contexts: 1, threadsPerContext: 1 })
  for (const [index, name] of traits.entries()) await writeOddForecaster(workspace, engine.model, name, index)
}

async function startServer(): Promise<{ child: ChildProcess; url: string }> {
  const main = join(import.meta.dirname, '../src/cli/main.ts')
  const options = traits.flatMap(name => ['--trait', name])
  const args = [
    '--no-warnings',
    main,
    '--workspace',
    workspace,
    '--model',
    job.model,
    'serve',
    '--port',
    '0',
    ...options,
  ]
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let heard = ''
  return await new Promise((resolve, reject) => {
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      heard = `${heard}${text}`.slice(-3000)
      const found = /Serving \S+ at (\S+)\/v1/.exec(heard)
      if (found) resolve({ child: server, url: found[1]! })
    })
    server.once('exit', () => reject(new Error(`the server ended: ${heard}`)))
  })
}
