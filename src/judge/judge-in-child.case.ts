/** Judges answers in a process of its own, which a test kills: `<base URL> <cache folder> <number of answers>`. */
import { fakeModel } from './fake-openai.case.ts'
import { JudgeCache } from './judge-cache.ts'
import { LlmJudge } from './llm-judge.ts'
import { OpenAiTransport } from './openai-transport.ts'

const [baseUrl, folder, count] = process.argv.slice(2) as [string, string, string]
const judge = new LlmJudge({
  transport: new OpenAiTransport({ baseUrl, model: fakeModel, apiKey: '' }),
  rubric: 'Rate the joy from 0 to 100.\n{question}\n{answer}',
  cache: await JudgeCache.open(folder),
})
await judge.score(Array.from({ length: Number(count) }, (_, index) => ({ question: 'Q?', answer: `Answer ${index}.` })))
