/** Pulls the model its first argument names, in a process of its own. Prints the first progress, then the result. */
import { pullModel } from './pull-model.ts'

let told = false
const pulled = await pullModel(process.argv[2]!, {
  onProgress: progress => {
    if (told || progress.doneBytes === 0) return
    told = true
    console.log(JSON.stringify({ progress }))
  },
})
console.log(JSON.stringify({ pulled }))
