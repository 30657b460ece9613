// Makes the persona vector of a built-in trait on the default model. Takes about two minutes on two cores.
import { extractVector, loadTrait, openModel, openWorkspace, relativeNorm } from 'personascope'

const workspace = openWorkspace()
await using engine = await openModel('smollm2-135m-instruct')
const { vector, path } = await extractVector({
  engine,
  trait: await loadTrait('joyful', workspace.traits),
  workspace,
  judge: 'none',
  onProgress: ({ doneRollouts, totalRollouts }) => process.stderr.write(`\r${doneRollouts}/${totalRollouts} `),
})
console.log(
  `\nlayer ${vector.defaultLayer}: ${relativeNorm(vector, vector.defaultLayer).toFixed(3)} of a token's length`,
)
console.log(path)
