import type { RunOptions } from '../engine/contract/engine.ts'
import type { GenerateRequest, GenerateResult } from '../engine/contract/generate.ts'
import { FakeEngine } from '../engine/fake/fake-engine.ts'

const bright = ['happy', 'wonderful', 'great', 'table']
const dark = ['sad', 'terrible', 'awful', 'chair']

/**
 * The fake engine, whose bytes are read as words that a lexicon judge knows: bright ones for the tokens it writes after
 * many an A, dark ones for those it writes after many a z.
 */
export class WordyEngine extends FakeEngine {
  override async generateAll(
    requests: readonly GenerateRequest[],
    options: RunOptions<GenerateResult> = {},
  ): Promise<GenerateResult[]> {
    const results = await super.generateAll(requests, options)
    return results.map(result => ({ ...result, text: result.tokens.map(wordOf).join(' ') }))
  }
}

function wordOf(token: number): string {
  const words = token % 64 < 32 ? bright : dark
  return words[token % words.length]!
}
