import { describe, expect, test } from 'vitest'
import { ResponseText } from './response-text.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function write(pieces: readonly (string | Uint8Array)[], options: { stop?: string[]; answerAfter?: string } = {}) {
  const text = new ResponseText({ stop: options.stop ?? [], answerAfter: options.answerAfter })
  let streamed = ''
  const settled: number[] = []
  let stopped = false
  for (const piece of pieces) {
    stopped = text.append(typeof piece === 'string' ? bytes(piece) : piece).stopped
    streamed += text.takeDelta()
    settled.push(text.settledTokens)
    if (stopped) break
  }
  const tokens = text.end(stopped)
  streamed += text.takeDelta()
  return { text: text.text, thought: text.thought, startToken: text.startToken, tokens, streamed, settled, stopped }
}

describe('the text of a response', () => {
  test('joins characters that are split over tokens', () => {
    const [first, second, third] = bytes('世')
    const result = write([Uint8Array.of(first!), Uint8Array.of(second!, third!), '!'])
    expect(result).toMatchObject({ text: '世!', streamed: '世!', tokens: 3 })
  })

  test('ends before a stop text that spans tokens, and drops the tokens that are all stop text', () => {
    const result = write(['Hello', ' wor', 'ld\n', '\nQ', ':'], { stop: ['\n\nQ:'] })
    expect(result).toMatchObject({ text: 'Hello world', streamed: 'Hello world', stopped: true, tokens: 3 })
  })

  test('keeps a token of which a part was kept', () => {
    expect(write(['one', ' two.STOP'], { stop: ['STOP'] })).toMatchObject({ text: 'one two.', tokens: 2 })
  })

  test('holds back what may become a stop text, and gives it when it does not', () => {
    const result = write(['a', 'ST', 'O', 'x'], { stop: ['STOP'] })
    expect(result.settled).toEqual([1, 1, 1, 4])
    expect(result).toMatchObject({ text: 'aSTOx', streamed: 'aSTOx', tokens: 4 })
  })

  test('gives what it held back when the answer ends', () => {
    expect(write(['aS', 'T'], { stop: ['STOP'] })).toMatchObject({ text: 'aST', streamed: 'aST', tokens: 2 })
  })

  test('never settles a token that a stop text then takes back', () => {
    const [first, ...rest] = bytes('世')
    // The first byte of the character has no text yet; the character begins the stop text.
    const result = write(['ab', Uint8Array.of(first!), Uint8Array.from(rest), '!'], { stop: ['世!'] })
    expect(result).toMatchObject({ text: 'ab', tokens: 1, stopped: true })
    expect(Math.max(...result.settled)).toBeLessThanOrEqual(result.tokens)
  })

  test('takes the earliest of several stop texts', () => {
    expect(write(['a;b.c'], { stop: ['.', ';'] })).toMatchObject({ text: 'a' })
  })

  test('keeps a thought apart; stop texts count in the answer only', () => {
    const result = write(['<think>', 'STOP', '</think>', 'yes', 'STOP'], { answerAfter: '</think>', stop: ['STOP'] })
    expect(result).toMatchObject({
      thought: '<think>STOP</think>',
      text: 'yes',
      startToken: 3,
      tokens: 1,
      streamed: 'yes',
    })
  })

  test('takes a thought that never ends for the response', () => {
    const result = write(['just', ' this'], { answerAfter: '</think>' })
    expect(result).toMatchObject({ thought: '', text: 'just this', startToken: 0, tokens: 2, streamed: 'just this' })
  })
})
