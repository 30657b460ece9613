/** Writes a trait in a process of its own, which a test kills: `<base URL> <memory folder>`. */
import { AuthorMemory } from './author-memory.ts'
import { authorTrait } from './author-trait.ts'
import { fakeAuthorModel } from './fake-author.case.ts'
import { ServerAuthor } from './server-author.ts'

const [baseUrl, folder] = process.argv.slice(2) as [string, string]
const author = new ServerAuthor({ baseUrl, model: fakeAuthorModel, apiKey: '', concurrency: 1 })
const wish = { name: 'calm', describe: 'Nothing upsets it.' }
const { trait, askedReplies } = await authorTrait(wish, { author, memory: await AuthorMemory.open(folder), seed: 0 })
console.log(JSON.stringify({ questions: trait.extractionQuestions.length, askedReplies }))
