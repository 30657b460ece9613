// Makes the persona vector of a trait on the default model. With one answer to each question instead of three it takes
// about two minutes on two cores; `node 01-extract.ts my-trait.yaml` takes a trait file of your own. The examples are
// for Node 24 or newer, which knows TypeScript and `await using`.
import { extractVector, loadTrait, openModel, openWorkspace, relativeNorm } from 'personascope'

const [trait = 'joyful'] = process.argv.slice(2)
const workspace = openWorkspace()
await using engine = await openModel('smollm2-135m-instruct')
const { vector, path } = await extractVector({
  engine,
  trait: await loadTrait(trait, workspace.traits),
  workspace,
  judge: 'none',
  settings: { samples: 1 },
  onProgress: ({ phase, done, total }) => process.stderr.write(`\r${phase} ${done}/${total} `),
})
console.log(
  `\nlayer ${vector.defaultLayer}: ${relativeNorm(vector, vector.defaultLayer).toFixed(3)} of a token's length`,
)
console.log(path)
