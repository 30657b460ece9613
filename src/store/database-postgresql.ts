import { Pool } from 'pg'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'
import type { Database, SqlRow, Statement } from './database.ts'

/**
 * Connects to PostgreSQL when first asked; a connection that is lost is made again.
 * @param url postgres://user:password@host:port/database
 */
export function openPostgresql(url: string): Database {
  return new PostgresqlDatabase(url)
}

class PostgresqlDatabase implements Database {
  readonly kind = 'postgresql'
  readonly #pool: Pool
  #closing: Promise<void> | undefined

  constructor(url: string) {
    this.#pool = new Pool({
      connectionString: url,
      max: 4,
      connectionTimeoutMillis: 5000,
      statement_timeout: 10_000,
      query_timeout: 12_000,
    })
    // An idle connection that is lost is no fault of whoever asks next.
    this.#pool.on('error', () => {})
  }

  async query({ sql, values = [] }: Statement): Promise<SqlRow[]> {
    return await orFail(async () => (await this.#pool.query<SqlRow>(sql, [...values])).rows)
  }

  async transact(statements: readonly Statement[]): Promise<number[]> {
    return await orFail(async () => {
      const client = await this.#pool.connect()
      let broken: Error | undefined
      try {
        await client.query('BEGIN')
        const changed: number[] = []
        for (const { sql, values = [] } of statements)
          changed.push((await client.query(sql, [...values])).rowCount ?? 0)
        await client.query('COMMIT')
        return changed
      } catch (error) {
        await client.query('ROLLBACK').catch((failure: Error) => {
          broken = failure
        })
        throw error
      } finally {
        client.release(broken)
      }
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function orFail<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // The address may hold a password: it is not told.
    throw new PersonascopeError('DATABASE_UNAVAILABLE', { database: 'PostgreSQL', detail: textOf(error) })
  }
}
