import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqlite } from '../store/database-sqlite.ts'
import { describeTurnStore } from './turn-store.case.ts'

const folder = mkdtempSync(join(tmpdir(), 'personascope-turns-'))
afterAll(() => rmSync(folder, { recursive: true }))

describeTurnStore('SQLite', () => openSqlite(join(folder, 'new', 'turns.sqlite')))
