/** A database that several programs may write to: SQLite in a file, or PostgreSQL. */
import { PersonascopeError } from '../errors/personascope-error.ts'

export type SqlValue = string | number | null
export type SqlRow = Readonly<Record<string, SqlValue>>

export interface Statement {
  /** With places $1, $2, ... for the values. */
  readonly sql: string
  readonly values?: readonly SqlValue[]
}

export interface Database extends AsyncDisposable {
  readonly kind: 'sqlite' | 'postgresql'
  /** @throws DATABASE_UNAVAILABLE */
  query(statement: Statement): Promise<SqlRow[]>
  /**
   * All of them, or none.
   * @returns how many rows each of them changed
   * @throws DATABASE_UNAVAILABLE
   */
  transact(statements: readonly Statement[]): Promise<number[]>
  close(): Promise<void>
}

/**
 * Brings the tables to their newest form: applies each migration once, in order, however many programs start at once.
 * A database with migrations that are not known here is left as it is: what its tables mean cannot be known either.
 * @param migrations each a list of SQL statements that SQLite and PostgreSQL both understand; never changed once released
 * @throws DATABASE_UNAVAILABLE, DATABASE_TOO_NEW
 */
export async function migrate(database: Database, migrations: readonly (readonly string[])[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await applyMissing(database, migrations)
    } catch (error) {
      // Another program was faster: what it did is not to be done again.
      const lasting = PersonascopeError.is(error) && error.code === 'DATABASE_TOO_NEW'
      if (lasting || attempt === mostAttempts) throw error
      await new Promise(resolve => setTimeout(resolve, 100 * attempt))
    }
  }
}

const mostAttempts = 5

async function applyMissing(database: Database, migrations: readonly (readonly string[])[]): Promise<void> {
  await database.transact([{ sql: 'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)' }])
  const rows = await database.query({ sql: 'SELECT version FROM migrations' })
  const done = new Set(rows.map(row => Number(row['version'])))
  const found = Math.max(0, ...done)
  if (found > migrations.length) {
    throw new PersonascopeError('DATABASE_TOO_NEW', { database: database.kind, found, known: migrations.length })
  }
  for (const [index, statements] of migrations.entries()) {
    const version = index + 1
    if (done.has(version)) continue
    const mark = { sql: 'INSERT INTO migrations (version) VALUES ($1)', values: [version] }
    await database.transact([mark, ...statements.map(sql => ({ sql }))])
  }
}
