import { type Database, migrate, type SqlRow, type SqlValue, type Statement } from '../store/database.ts'
import type { TurnRecord } from './turn-record.ts'

/** The forms of the tables, in order. */
export const turnMigrations = [
  [
    `CREATE TABLE turns (
      id TEXT PRIMARY KEY, created_at TEXT NOT NULL, source TEXT NOT NULL, model TEXT NOT NULL,
      model_file_hash TEXT NOT NULL, client TEXT, finish_reason TEXT, prompt_tokens INTEGER NOT NULL,
      response_tokens INTEGER NOT NULL, steering TEXT NOT NULL, prompt_text TEXT, response_text TEXT)`,
    'CREATE INDEX turns_created_at ON turns (created_at)',
    `CREATE TABLE readings (
      turn_id TEXT NOT NULL REFERENCES turns (id) ON DELETE CASCADE, trait TEXT NOT NULL, layer INTEGER NOT NULL,
      prompt_last DOUBLE PRECISION, response_mean DOUBLE PRECISION, z DOUBLE PRECISION, percentile DOUBLE PRECISION,
      expected_score DOUBLE PRECISION, PRIMARY KEY (turn_id, trait))`,
  ],
] as const

const pageSize = 500

/** Every turn's readings, in a database. */
export class TurnStore implements AsyncDisposable {
  readonly #database: Database
  readonly #keepsText: boolean

  private constructor(database: Database, keepsText: boolean) {
    this.#database = database
    this.#keepsText = keepsText
  }

  /**
   * @param keepsText whether what was asked and answered is stored too
   * @throws DATABASE_UNAVAILABLE, DATABASE_TOO_NEW
   */
  static async open(database: Database, { keepsText = false } = {}): Promise<TurnStore> {
    await migrate(database, turnMigrations)
    return new TurnStore(database, keepsText)
  }

  /**
   * Stores a turn; one that is there already stays as it is.
   * @throws DATABASE_UNAVAILABLE
   */
  async add(turn: TurnRecord): Promise<void> {
    const text = this.#keepsText ? turn.text : undefined
    const own: Statement = {
      sql: `INSERT INTO turns (id, created_at, source, model, model_file_hash, client, finish_reason, prompt_tokens,
        response_tokens, steering, prompt_text, response_text)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
      values: [
        turn.id,
        turn.createdAt,
        turn.source,
        turn.model,
        turn.modelFileHash,
        turn.client ?? null,
        turn.finishReason ?? null,
        turn.promptTokens,
        turn.responseTokens,
        JSON.stringify(turn.steering),
        storable(text?.prompt),
        storable(text?.response),
      ],
    }
    const readings = Object.entries(turn.readings).map(
      ([trait, reading]): Statement => ({
        sql: `INSERT INTO readings (turn_id, trait, layer, prompt_last, response_mean, z, percentile, expected_score)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (turn_id, trait) DO NOTHING`,
        values: [
          turn.id,
          trait,
          reading.layer,
          reading.promptLast,
          reading.responseMean,
          reading.z,
          reading.percentile,
          turn.expectedScores[trait] ?? null,
        ],
      }),
    )
    await this.#database.transact([own, ...readings])
  }

  async count(): Promise<number> {
    const [row] = await this.#database.query({ sql: 'SELECT COUNT(*) AS turns FROM turns' })
    return Number(row?.['turns'])
  }

  /** All turns, oldest first, a page at a time. */
  async *turns(): AsyncGenerator<TurnRecord> {
    let after: readonly SqlValue[] = ['', '']
    for (;;) {
      const page = await this.#database.query({
        sql: `SELECT * FROM turns WHERE created_at > $1 OR (created_at = $1 AND id > $2)
          ORDER BY created_at, id LIMIT ${pageSize}`,
        values: after,
      })
      if (page.length === 0) return
      const readings = await this.#readingsOf(page.map(row => row['id']!))
      for (const row of page) yield toTurn(row, readings.get(row['id']!) ?? [])
      after = [page.at(-1)!['created_at']!, page.at(-1)!['id']!]
    }
  }

  /**
   * Forgets turns of before a moment.
   * @returns how many
   */
  async forgetBefore(moment: Date): Promise<number> {
    const values = [moment.toISOString()]
    const [forgotten] = await this.#database.transact([{ sql: 'DELETE FROM turns WHERE created_at < $1', values }])
    return forgotten!
  }

  async close(): Promise<void> {
    await this.#database.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #readingsOf(turns: readonly SqlValue[]): Promise<Map<SqlValue, SqlRow[]>> {
    const places = turns.map((_, index) => `$${index + 1}`).join(', ')
    const sql = `SELECT * FROM readings WHERE turn_id IN (${places}) ORDER BY trait`
    return Map.groupBy(await this.#database.query({ sql, values: turns }), row => row['turn_id']!)
  }
}

function toTurn(row: SqlRow, readings: readonly SqlRow[]): TurnRecord {
  const text = (name: string) => row[name] as string
  const number = (value: SqlValue | undefined) => (value === null || value === undefined ? null : Number(value))
  return {
    id: text('id'),
    createdAt: text('created_at'),
    source: text('source') as TurnRecord['source'],
    model: text('model'),
    modelFileHash: text('model_file_hash'),
    ...(row['client'] !== null && { client: text('client') }),
    ...(row['finish_reason'] !== null && { finishReason: text('finish_reason') }),
    promptTokens: Number(row['prompt_tokens']),
    responseTokens: Number(row['response_tokens']),
    steering: JSON.parse(text('steering')) as TurnRecord['steering'],
    readings: Object.fromEntries(
      readings.map(reading => [
        reading['trait'],
        {
          layer: Number(reading['layer']),
          promptLast: number(reading['prompt_last']),
          responseMean: number(reading['response_mean']),
          z: number(reading['z']),
          percentile: number(reading['percentile']),
        },
      ]),
    ),
    expectedScores: Object.fromEntries(
      readings.flatMap(({ trait, expected_score: score }) => (score == null ? [] : [[trait, Number(score)]])),
    ),
    ...(row['response_text'] !== null && {
      text: { prompt: text('prompt_text'), response: text('response_text') },
    }),
  }
}

/** PostgreSQL stores no zero character. */
function storable(text: string | undefined): string | null {
  return text?.replaceAll('\0', '\uFFFD') ?? null
}
