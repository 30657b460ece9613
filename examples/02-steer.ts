// Asks one question without and with steering. Run 01-extract.ts first: it makes the vector. `node 02-steer.ts my-trait`
// steers with the vector of a trait of your own.
import { loadVector, openModel, openWorkspace, resolveSteering } from 'personascope'

const [trait = 'joyful'] = process.argv.slice(2)
await using engine = await openModel('smollm2-135m-instruct')
const { vector } = await loadVector(trait, openWorkspace(), engine.model.id)
const prompt = { messages: [{ role: 'user' as const, content: 'What did you do on your last holiday?' }] }

for (const dose of [-0.15, 0, 0.15]) {
  const wish = { vector: trait, layer: undefined, amount: dose }
  const { steering, coefficient } = resolveSteering(wish, vector, engine.model, { amountIsDose: true })
  console.log(`\n--- dose ${dose} (coefficient ${coefficient.toFixed(2)})`)
  const answer = engine.stream({ prompt, maxTokens: 60, sampling: { temperature: 0.7, seed: 1 }, steering: [steering] })
  for await (const event of answer) if (event.type === 'token-delta') process.stdout.write(event.text)
}
console.log()
