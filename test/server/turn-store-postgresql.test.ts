/** The same tests as SQLite passes, on a real PostgreSQL that is started for them. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { describeTurnStore } from '../../src/monitoring/turn-store.case.ts'
import { openPostgresql } from '../../src/store/database-postgresql.ts'

const programs = findPrograms()
const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'personascope-postgres-'))
let server: ReturnType<typeof spawn> | undefined
let url = ''

if (programs) {
  beforeAll(async () => {
    const data = join(folder, 'data')
    if (isRoot) execFileSync('chown', ['postgres', folder])
    // PostgreSQL refuses to run as root.
    const as = (program: string, args: string[]): [string, string[]] =>
      isRoot
        ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program, ...args]]
        : [program, args]
    execFileSync(...as(join(programs, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'tester', '--no-sync']), {
      stdio: 'ignore',
      cwd: folder,
    })
    const port = await freePort()
    const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F']
    server = spawn(...as(join(programs, 'postgres'), options), { stdio: 'ignore', cwd: folder })
    url = `postgres://tester@127.0.0.1:${port}/postgres`
    await untilItAnswers(url)
  }, 60_000)

  afterAll(async () => {
    const ended = new Promise(resolve => server?.once('close', resolve))
    server?.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  describeTurnStore('PostgreSQL', () => openPostgresql(url))
} else {
  test.skip('PostgreSQL is not installed on this machine', () => {})
}

function findPrograms(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map(version => join(root, version, 'bin')).find(path => existsSync(join(path, 'initdb')))
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>(resolve => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise(resolve => probe.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

async function untilItAnswers(address: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    await using database = openPostgresql(address)
    try {
      await database.query({ sql: 'SELECT 1 AS one' })
      return
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
}
