import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { openDuckDb, sqlText } from '../../dataset/parquet.ts'
import type { TurnRecord } from '../../monitoring/turn-record.ts'
import type { TurnStore } from '../../monitoring/turn-store.ts'
import { openWorkspace } from '../../store/workspace.ts'
import { replaceWhole } from '../../store/write-file-whole.ts'
import { openTurnStore } from '../../workbench/open-turn-store.ts'
import { type CommandContext, setAction } from '../command-context.ts'

export function monitorExportCommand(): Command {
  const command = new Command('export')
    .description('write all stored turns to a file: JSON lines, or Parquet with one row for each reading')
    .argument('<file>', 'ends in .jsonl or .parquet')
  return setAction<[string], object>(command, run)
}

async function run({ terminal, options }: CommandContext, _options: object, path: string): Promise<void> {
  await using store = await openTurnStore(openWorkspace(options.workspace))
  const turns = await store.count()
  if (path.endsWith('.parquet')) await writeParquet(store, path)
  else await replaceWhole(path, temporaryPath => writeLines(store.turns(), temporaryPath))
  terminal.print(`${turns} turns in ${path}`)
  terminal.result({ path, turns })
}

async function writeLines(rows: AsyncIterable<unknown>, path: string): Promise<void> {
  await pipeline(Readable.from(linesOf(rows)), createWriteStream(path))
}

async function* linesOf(rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`
}

async function writeParquet(store: TurnStore, path: string): Promise<void> {
  await replaceWhole(path, async temporaryPath => {
    const lines = `${temporaryPath}.${randomBytes(4).toString('hex')}.jsonl`
    try {
      await writeLines(readingsOf(store.turns()), lines)
      await using database = await openDuckDb()
      const source = `read_json(${sqlText(lines)}, format = 'newline_delimited', columns = {${columns}})`
      await database.run(
        `COPY (SELECT * FROM ${source}) TO ${sqlText(temporaryPath)} (FORMAT parquet, COMPRESSION zstd)`,
      )
    } finally {
      await rm(lines, { force: true })
    }
  })
}

const columns = [
  ...'id created_at source model client finish_reason trait prompt_text response_text'
    .split(' ')
    .map(name => `${name}: 'VARCHAR'`),
  ...'prompt_tokens response_tokens layer'.split(' ').map(name => `${name}: 'INTEGER'`),
  ...'prompt_last response_mean z percentile expected_score'.split(' ').map(name => `${name}: 'DOUBLE'`),
  `steering: 'VARCHAR'`,
].join(', ')

async function* readingsOf(turns: AsyncIterable<TurnRecord>): AsyncGenerator<Record<string, unknown>> {
  for await (const turn of turns) {
    for (const [trait, reading] of Object.entries(turn.readings)) {
      yield {
        id: turn.id,
        created_at: turn.createdAt,
        source: turn.source,
        model: turn.model,
        client: turn.client,
        finish_reason: turn.finishReason,
        trait,
        prompt_text: turn.text?.prompt,
        response_text: turn.text?.response,
        prompt_tokens: turn.promptTokens,
        response_tokens: turn.responseTokens,
        layer: reading.layer,
        prompt_last: reading.promptLast,
        response_mean: reading.responseMean,
        z: reading.z,
        percentile: reading.percentile,
        expected_score: turn.expectedScores[trait],
        steering: JSON.stringify(turn.steering),
      }
    }
  }
}
