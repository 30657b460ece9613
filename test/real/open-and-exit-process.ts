/** Opens an engine, starts a long answer, prints the engine process's id, and waits to be killed. Argument: a model file. */
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'

const engine = await openLlamaEngine({ id: 'model', path: process.argv[2]!, hash: '' })
const answer = engine.generate({ prompt: { text: 'Once upon a time' }, maxTokens: 4000, ignoreEndOfTurn: true })
process.stdout.write(`${engine.processId}\n`)
await answer
