import { type Attributes, type Span, type SpanOptions, trace } from '@opentelemetry/api'
import { afterAll, expect, test } from 'vitest'
import { eventsOf, openFakeServer, post } from './fake-server.case.ts'

interface SeenSpan {
  readonly name: string
  attributes: Attributes
  ended: number
}

const seen: SeenSpan[] = []

trace.setGlobalTracerProvider({
  getTracer: () => ({
    startSpan(name: string, options: SpanOptions = {}) {
      const span: SeenSpan = { name, attributes: { ...options.attributes }, ended: 0 }
      seen.push(span)
      const add = (attributes: Attributes) => {
        Object.assign(span.attributes, attributes)
      }
      const end = () => {
        span.ended++
      }
      const setAttribute = (key: string, value: string) => add({ [key]: value })
      return { setAttributes: add, setAttribute, setStatus: () => {}, end } as unknown as Span
    },
    startActiveSpan: () => {
      throw new Error('not used')
    },
  }),
})
afterAll(() => trace.disable())

const chat = { model: 'fake', messages: [{ role: 'user', content: 'Hi' }], max_completion_tokens: 5 }

test.each([false, true])('an answer is one span with the GenAI names (streamed: %j)', async stream => {
  seen.length = 0
  const server = openFakeServer()
  const response = await server.app.fetch(post('/v1/chat/completions', { ...chat, stream, n: 2 }))
  await eventsOf(response)
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatchObject({ name: 'chat fake', ended: 1 })
  const { attributes } = seen[0]!
  expect(attributes).toMatchObject({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'fake' })
  expect(attributes['gen_ai.usage.output_tokens']).toBeGreaterThan(0)
  expect(attributes['gen_ai.response.finish_reasons']).toHaveLength(2)
  expect(JSON.stringify(attributes)).not.toContain('Hi')
})
