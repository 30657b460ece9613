import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface LabelledAnswer {
  readonly id: string
  readonly pair: number
  readonly prompt: string
  readonly response: string
  readonly label: 0 | 1
  readonly kind: string
}

export const labelledTraits = ['evil', 'joyful'] as const
/** Matched in length by tokens. */
export const matchedParts = ['development', 'test'] as const
export const pairedParts = [...matchedParts, 'second-test'] as const

/** A file of this folder. */
export async function readLabelled(name: string): Promise<LabelledAnswer[]> {
  const text = await readFile(join(import.meta.dirname, `${name}.jsonl`), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as LabelledAnswer)
}
