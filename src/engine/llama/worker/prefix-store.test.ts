import { describe, expect, test } from 'vitest'
import type { Layer } from '../../contract/layer.ts'
import type { PreparedForward } from '../../request/prepared-request.ts'
import { prefixKey } from './prefix-key.ts'
import { PrefixStore, type StoredPrefix } from './prefix-store.ts'

const prefix = (depth: number, bytes = 10): StoredPrefix => ({
  length: 3,
  depth: depth as Layer,
  state: new Uint8Array(bytes),
  captured: undefined,
  steered: [],
  logits: undefined,
})

describe('a store of prefixes', () => {
  test('gives a prefix to what needs it no deeper than it was computed', () => {
    const store = new PrefixStore(1000)
    store.keep('a', prefix(5))
    expect(store.find('a', 5 as Layer)).toBeDefined()
    expect(store.find('a', 6 as Layer)).toBeUndefined()
    expect(store.find('b', 0 as Layer)).toBeUndefined()
  })

  test('keeps the deeper of two', () => {
    const store = new PrefixStore(1000)
    store.keep('a', prefix(5))
    store.keep('a', prefix(2))
    expect(store.find('a', 4 as Layer)?.depth).toBe(5)
    store.keep('a', prefix(9))
    expect(store.find('a', 9 as Layer)?.depth).toBe(9)
  })

  test('forgets what was not used for longest when it is full', () => {
    const store = new PrefixStore(25)
    store.keep('a', prefix(1))
    store.keep('b', prefix(1))
    store.find('a', 1 as Layer)
    store.keep('c', prefix(1))
    expect(['a', 'b', 'c'].map(key => store.find(key, 1 as Layer) !== undefined)).toEqual([true, false, true])
  })

  test('keeps one that alone is larger than the store', () => {
    const store = new PrefixStore(5)
    store.keep('a', prefix(1, 50))
    expect(store.find('a', 1 as Layer)).toBeDefined()
  })
})

describe('the key of a prefix', () => {
  const layer = 3 as Layer
  const vector = Float32Array.of(1, 2)
  const base: PreparedForward = {
    kind: 'forward',
    tokens: [1, 2, 3, 4, 5, 6],
    promptLength: 5,
    boundaries: [2, 3],
    steering: [],
    capture: undefined,
    responseLogprobs: false,
  }
  const key = (more: Partial<PreparedForward>, length = 3) => prefixKey({ ...base, ...more }, length)
  const add = { mode: 'add', layer, vector, coefficient: 1 } as const

  test('is the same whatever follows the prefix', () => {
    expect(key({ tokens: [1, 2, 3, 9, 9], promptLength: 4 })).toBe(key({}))
    expect(key({ boundaries: [2, 3, 4] })).toBe(key({}))
    expect(key({ steering: [{ ...add, positions: 'response' }] })).toBe(key({}))
    expect(key({ capture: { layers: 'all', responseMean: true } })).toBe(key({}))
  })

  test.each<[string, Partial<PreparedForward>]>([
    ['other tokens', { tokens: [1, 2, 4, 4, 5, 6] }],
    ['other cuts', { boundaries: [3] }],
    ['steering', { steering: [add] }],
    ['another coefficient', { steering: [{ ...add, coefficient: 2 }] }],
    ['another layer', { steering: [{ ...add, layer: 4 as Layer }] }],
    ['another vector', { steering: [{ ...add, vector: Float32Array.of(1, 3) }] }],
    ['other positions', { steering: [{ ...add, positions: 'prompt' }] }],
    ['a condition', { steering: [{ ...add, when: { layer, direction: vector, above: 0 } }] }],
    ['another condition', { steering: [{ ...add, when: { layer, direction: vector, above: 1 } }] }],
    ['ablation', { steering: [{ mode: 'ablate', layer, direction: vector }] }],
    ['a cap', { steering: [{ mode: 'cap', layer, direction: vector, ceiling: 1 }] }],
    ['a mean over the prompt', { capture: { layers: [layer], promptMean: true } }],
    ['a mean at other layers', { capture: { layers: 'all', promptMean: true } }],
    ['a probe', { capture: { layers: [], probes: [{ name: 'p', layer, direction: vector }] } }],
  ])('is another one with %s', (_, more) => {
    const others = [{}, { steering: [add] }, { capture: { layers: [layer], promptMean: true } as const }]
      .filter(other => JSON.stringify(other) !== JSON.stringify(more))
      .map(other => key(other))
    expect(others).not.toContain(key(more))
  })

  test('of a whole prompt covers what acts on its last token only', () => {
    const whole = (more: Partial<PreparedForward>) => key(more, 5)
    expect(whole({ steering: [{ ...add, positions: 'response' }] })).not.toBe(whole({}))
    expect(whole({ capture: { layers: [layer], promptLast: true } })).not.toBe(whole({}))
  })
})
