// Whatever keeps the Engine contract can be used. Here: an engine of one's own, built on the small deterministic one
// that the tests use, that counts what it writes. Runs in a second and needs no model.
import {
  extractVector,
  FakeEngine,
  type GenerateRequest,
  type GenerateResult,
  loadTrait,
  openWorkspace,
  type RunOptions,
} from 'personascope'

class CountingEngine extends FakeEngine {
  writtenTokens = 0

  override async generateAll(requests: readonly GenerateRequest[], options?: RunOptions<GenerateResult>) {
    const results = await super.generateAll(requests, options)
    for (const result of results) this.writtenTokens += result.writtenTokens
    return results
  }
}

const workspace = openWorkspace('.personascope-fake')
await using engine = new CountingEngine()
const trait = await loadTrait('joyful', workspace.traits)
const { path } = await extractVector({ engine, trait, workspace, judge: 'none', settings: { maxTokens: 8 } })
console.log(`${engine.writtenTokens} tokens written; vector in ${path}`)
