import type { ChatMessage } from '../chat/message.ts'
import type { DatasetFile } from '../dataset/dataset-file.ts'
import { RowFault } from '../dataset/dataset-row.ts'
import { readRows } from '../dataset/read-dataset.ts'
import { plainText, shapeOf, trainingRow } from '../dataset/training-row.ts'

/** An answer that somebody scored, with what the model was shown before it. */
export interface ScoredTurn {
  readonly messages: readonly ChatMessage[]
  /** Empty where there was none. */
  readonly systemPrompt: string
  /** The last user message. */
  readonly questionText: string
  readonly score: number
}

export interface ScoredLog {
  readonly turns: readonly ScoredTurn[]
  /** How many rows were left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>
}

/**
 * Scored conversations: rows as for screening, with a score 0..100 of the last answer in a column of its own. Rows that
 * cannot be read are left out and counted.
 * @throws FILE_INVALID where the file as a whole cannot be read
 */
export async function readScoredLog(file: DatasetFile, scoreColumn = 'score'): Promise<ScoredLog> {
  const turns: ScoredTurn[] = []
  const leftOut: Record<string, number> = {}
  for await (const row of readRows(file)) {
    try {
      const columns = row.parse()
      const shape = shapeOf(columns)
      if (!shape) throw new RowFault('has no conversation that is known')
      const { messages, responses } = trainingRow(columns, shape)
      const shown = messages.slice(0, responses.at(-1)!)
      const text = plainText(columns[scoreColumn])
      const score = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
      if (!(score >= 0 && score <= 100)) throw new RowFault(`has no number 0..100 in ${scoreColumn}`)
      turns.push({
        messages: shown,
        systemPrompt: shown.find(({ role }) => role === 'system')?.content ?? '',
        questionText: shown.findLast(({ role }) => role === 'user')!.content,
        score,
      })
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
      leftOut[error.message] = (leftOut[error.message] ?? 0) + 1
    }
  }
  return { turns, leftOut }
}
