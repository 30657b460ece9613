import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import type { Database, SqlRow, Statement } from './database.ts'

/**
 * Opens a SQLite file with a write-ahead log, making it where there is none. What was committed outlives a killed
 * process; a machine that loses power may lose the last moments, never the file.
 * @throws DATABASE_UNAVAILABLE
 */
export function openSqlite(path: string): Database {
  return new SqliteDatabase(path)
}

class SqliteDatabase implements Database {
  readonly kind = 'sqlite'
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #prepared = new Map<string, StatementSync>()

  constructor(path: string) {
    this.#path = path
    this.#database = this.#orFail(() => {
      mkdirSync(dirname(path), { recursive: true })
      const database = new DatabaseSync(path, { timeout: 5000 })
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
      return database
    })
  }

  async query(statement: Statement): Promise<SqlRow[]> {
    return this.#orFail(() => this.#prepare(statement.sql).all(named(statement)) as SqlRow[])
  }

  async transact(statements: readonly Statement[]): Promise<number[]> {
    return this.#orFail(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        const changed = statements.map(statement => Number(this.#prepare(statement.sql).run(named(statement)).changes))
        this.#database.exec('COMMIT')
        return changed
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
    })
  }

  async close(): Promise<void> {
    if (!this.#database.isOpen) return
    this.#prepared.clear()
    this.#database.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known) return known
    const prepared = this.#database.prepare(sql)
    this.#prepared.set(sql, prepared)
    return prepared
  }

  #orFail<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new PersonascopeError('DATABASE_UNAVAILABLE', { database: this.#path, detail: textOf(error) })
    }
  }
}

/** SQLite takes $1 for a name. */
function named({ values = [] }: Statement): Record<string, string | number | null> {
  return Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]))
}
