import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createRandom } from '../../numeric/random.ts'
import { GbnfReader } from './gbnf-reader.case.ts'
import { jsonSchemaToGrammar, schemaLimits } from './json-schema-grammar.ts'

const grammarOf = (schema: unknown) => new GbnfReader(jsonSchemaToGrammar(schema))
const text = (value: unknown) => JSON.stringify(value)

/** A schema, values it allows, and texts that are no such value. */
const cases: [what: string, schema: object, allowed: unknown[], refused: string[]][] = [
  [
    'a text',
    { type: 'string' },
    ['', 'a "quoted" \\ text\n\tü 中 😀', '\u0001'],
    ['', 'a', '"a', '"a" ', '"\n"', '"\\x"'],
  ],
  [
    'a text of so many characters',
    { type: 'string', minLength: 2, maxLength: 3 },
    ['ab', 'abc', '😀😀', '\n\n'],
    ['"a"', '"abcd"', '""', '"\\ud83d\\ude00"'],
  ],
  ['a text that must be empty', { type: 'string', maxLength: 0 }, [''], ['"a"', '']],
  ['true or false', { type: 'boolean' }, [true, false], ['null', 'True', '1']],
  ['nothing', { type: 'null' }, [null], ['false', '']],
  ['an integer', { type: 'integer' }, [0, 7, -12, 999_999_999_999_999], ['-0', '01', '1.0', '1e3', '+1', '']],
  [
    'an integer within bounds',
    { type: 'integer', minimum: -3, maximum: 100 },
    [-3, -1, 0, 9, 10, 99, 100],
    ['-4', '101', '-0', '007', '1000', '-'],
  ],
  ['an integer between bounds', { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 3 }, [1, 2], ['0', '3']],
  ['an integer between fractions', { type: 'integer', minimum: 0.5, exclusiveMaximum: 2.5 }, [1, 2], ['0', '3']],
  ['an integer below zero', { type: 'integer', maximum: -8, minimum: -12 }, [-8, -9, -12], ['-7', '-13', '8']],
  ['a number', { type: 'number' }, [0, -1.5, 0.001, 1e21, 12345.6789], ['.5', '1.', '01', 'NaN', '1e', '--1']],
  ['one of several values', { enum: ['red', 'a "b"', 3, null] }, ['red', 'a "b"', 3, null], ['"blue"', 'red', '33']],
  ['values of a type only', { type: 'string', enum: ['1', 1] }, ['1'], ['1']],
  ['one value', { const: -1.5 }, [-1.5], ['-1', '1.5']],
  ['a list', { type: 'array', items: { type: 'boolean' } }, [[], [true], [true, false, true]], ['[true,]', '[', '[1]']],
  [
    'a list of so many items',
    { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 3 },
    [
      [1, 2],
      [1, 2, 3],
    ],
    ['[]', '[1]', '[1,2,3,4]', '[1 2]'],
  ],
  ['at most one item', { items: { const: 1 }, maxItems: 1 }, [[], [1]], ['[1,1]']],
  ['exactly one item', { items: { const: 1 }, minItems: 1, maxItems: 1 }, [[1]], ['[]', '[1,1]']],
  ['some items', { items: { const: 1 }, minItems: 1 }, [[1], [1, 1, 1]], ['[]']],
  ['no items', { items: { const: 1 }, maxItems: 0 }, [[]], ['[1]', '[ ]']],
  [
    'an object',
    {
      type: 'object',
      properties: { name: { type: 'string' }, 'a "b" \\': { type: 'integer' } },
      required: ['name', 'a "b" \\'],
      additionalProperties: false,
    },
    [{ name: 'x', 'a "b" \\': 1 }],
    ['{}', '{"name":"x"}', text({ 'a "b" \\': 1, name: 'x' }), text({ name: 'x', 'a "b" \\': 1, c: 1 })],
  ],
  [
    'an object of which parts may be left out',
    {
      type: 'object',
      properties: { a: { const: 1 }, b: { const: 2 }, c: { const: 3 }, d: { const: 4 } },
      required: ['c'],
    },
    [{ a: 1, b: 2, c: 3, d: 4 }, { c: 3 }, { a: 1, c: 3 }, { b: 2, c: 3, d: 4 }],
    ['{}', '{"a":1}', '{,"c":3}', '{"a":1"c":3}', '{"c":3,}', '{"a":1,"b":2}'],
  ],
  [
    'an object where all may be left out',
    { properties: { a: { const: 1 }, b: { const: 2 } } },
    [{}, { b: 2 }],
    ['{,}'],
  ],
  ['an empty object', { type: 'object', properties: {} }, [{}], ['{"a":1}']],
  [
    'objects within lists within objects',
    {
      properties: { rows: { items: { properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] } } },
      required: ['rows'],
    },
    [{ rows: [{ n: 1 }, { n: 22 }] }, { rows: [] }],
    ['{"rows":[{"n":0}]}', '{"rows":[{}]}'],
  ],
  ['several types', { type: ['string', 'null'], maxLength: 1 }, ['a', null], ['"ab"', '1']],
  ['one of several schemas', { anyOf: [{ type: 'integer' }, { const: 'no' }] }, [5, 'no'], ['"yes"', '5"no"']],
  [
    'definitions',
    {
      $defs: { point: { properties: { x: { $ref: '#/$defs/n' } }, required: ['x'] }, n: { type: 'integer' } },
      type: 'array',
      items: { $ref: '#/$defs/point', title: 'a point' },
    },
    [[{ x: 1 }, { x: 2 }]],
    ['[{"x":"1"}]', '[1]'],
  ],
  ['a definition with a slash in its name', { $defs: { 'a/b': { const: 1 } }, $ref: '#/$defs/a~1b' }, [1], ['2']],
]

describe('a grammar made from a JSON schema', () => {
  test.each(cases)('of %s accepts what the schema allows and nothing else', (_, schema, allowed, refused) => {
    const grammar = grammarOf(schema)
    for (const value of allowed) expect([value, grammar.accepts(text(value))]).toEqual([value, true])
    for (const wrong of refused) expect([wrong, grammar.accepts(wrong)]).toEqual([wrong, false])
  })

  test.each(cases)('of %s writes only what an independent reader of the schema takes', (_, schema) => {
    const grammar = grammarOf(schema)
    const reader = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0])
    const random = createRandom(5)
    for (let drawn = 0; drawn < 60; drawn++) {
      const written = grammar.draw(random)
      expect(grammar.accepts(written)).toBe(true)
      const parsed = reader.safeParse(JSON.parse(written))
      expect({ written, error: parsed.error?.message }).toEqual({ written, error: undefined })
    }
  })

  test('allows one space after a colon or comma, and no other', () => {
    const grammar = grammarOf({ properties: { a: { items: { const: 1 } } }, required: ['a'] })
    expect(grammar.accepts('{"a": [1, 1]}')).toBe(true)
    for (const wrong of ['{ "a":[1]}', '{"a" :[1]}', '{"a":  [1]}', '{"a":[1 ]}', '{"a":\n[1]}'])
      expect([wrong, grammar.accepts(wrong)]).toEqual([wrong, false])
  })

  test('holds every bound of integers exactly', () => {
    const random = createRandom(3)
    const near = (value: number) => [value - 1, value, value + 1]
    for (let drawn = 0; drawn < 150; drawn++) {
      const size = 10 ** Math.floor(random.next() * 7)
      const bounds = [0, 1].map(() => Math.floor((random.next() * 2 - 1) * size))
      const [minimum, maximum] = [Math.min(...bounds), Math.max(...bounds)]
      const grammar = grammarOf({ type: 'integer', minimum, maximum })
      const tens = [9, 10, 99, 100, 999, 1000].flatMap(value => [value, -value])
      const middle = Math.floor((minimum + maximum) / 2)
      for (const value of [...near(minimum), ...near(maximum), ...tens, 0, middle]) {
        const expected = value >= minimum && value <= maximum
        expect([minimum, maximum, value, grammar.accepts(String(value))]).toEqual([minimum, maximum, value, expected])
      }
    }
  })

  test('is made of what zod writes', () => {
    const schema = z.strictObject({
      name: z.string().max(20).describe('who'),
      level: z.int().min(-3).max(3),
      big: z.int(),
      kind: z.enum(['a', 'b']),
      note: z.string().nullable(),
    })
    const grammar = grammarOf(z.toJSONSchema(schema))
    const value = { name: 'x', level: -2, big: 123_456, kind: 'b', note: null }
    expect(grammar.accepts(text(value))).toBe(true)
    expect(grammar.accepts(text({ ...value, level: 4 }))).toBe(false)
  })
})

/** Schemas that are refused, and what is named. */
const refusals: [schema: unknown, keyword: string, place: string][] = [
  [{ type: 'string', pattern: '^a' }, 'pattern', '#'],
  [{ type: 'string', format: 'email' }, 'format', '#'],
  [{ properties: { a: { not: {} } } }, 'not', '#/properties/a'],
  [{ oneOf: [{ type: 'string' }] }, 'oneOf', '#'],
  [{ allOf: [{ type: 'string' }] }, 'allOf', '#'],
  [{ items: { type: 'string' }, uniqueItems: true }, 'uniqueItems', '#'],
  [{ prefixItems: [{ type: 'string' }] }, 'prefixItems', '#'],
  [{ properties: {}, patternProperties: { a: {} } }, 'patternProperties', '#'],
  [{ properties: {}, additionalProperties: { type: 'string' } }, 'additionalProperties', '#'],
  [{ type: 'object' }, 'properties', '#'],
  [{ properties: { a: { type: 'string' } }, required: ['a', 'b'] }, 'required', '#'],
  [{ properties: { a: { type: 'string' } }, required: ['__proto__'] }, 'required', '#'],
  [{ properties: {}, required: 'a' }, 'required', '#'],
  [{ type: 'array' }, 'items', '#'],
  [{ items: true }, '', '#/items'],
  [{ type: 'number', minimum: 0 }, 'minimum', '#'],
  [{ type: 'number', multipleOf: 2 }, 'multipleOf', '#'],
  [{ type: 'integer', minimum: 2, maximum: 1 }, 'minimum', '#'],
  [{ type: 'integer', minimum: 1e16 }, 'minimum', '#'],
  [{ type: 'integer', minimum: '1' }, 'minimum', '#'],
  [{ type: 'string', minLength: 3, maxLength: 2 }, 'minLength', '#'],
  [{ type: 'string', maxLength: -1 }, 'maxLength', '#'],
  [{ type: 'string', maxLength: 1.5 }, 'maxLength', '#'],
  [{ type: 'string', maxLength: schemaLimits.repetition + 1 }, 'maxLength', '#'],
  [{ type: 'strin' }, 'type', '#'],
  [{ type: [] }, 'type', '#'],
  [{ type: ['string', 'text'] }, 'type', '#'],
  [{}, 'type', '#'],
  [true, '', '#'],
  [null, '', '#'],
  ['string', '', '#'],
  [{ enum: [] }, 'enum', '#'],
  [{ enum: 'a' }, 'enum', '#'],
  [{ enum: [{ a: 1 }] }, 'enum', '#'],
  [{ type: 'boolean', enum: ['a'] }, 'enum', '#'],
  [{ enum: ['ab'], maxLength: 1 }, 'maxLength', '#'],
  [{ const: [1] }, 'const', '#'],
  [{ anyOf: [] }, 'anyOf', '#'],
  [{ anyOf: [{ type: 'string' }], maxLength: 3 }, 'maxLength', '#'],
  [{ $ref: '#' }, '$ref', '#'],
  [{ $ref: 'https://example.com/schema' }, '$ref', '#'],
  [{ $ref: '#/$defs/a' }, '$ref', '#'],
  [{ $ref: '#/$defs/toString', $defs: {} }, '$ref', '#'],
  [{ $defs: { a: { type: 'string' } }, $ref: '#/$defs/a', maxLength: 2 }, 'maxLength', '#'],
  [{ $defs: { a: { items: { $ref: '#/$defs/a' } } }, $ref: '#/$defs/a' }, '$ref', '#/$defs/a/items'],
]

describe('a JSON schema', () => {
  test.each(refusals)('%j is refused, naming what is not understood and where', (schema, keyword, place) => {
    expect(() => jsonSchemaToGrammar(schema)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_UNSUPPORTED', facts: expect.objectContaining({ keyword, place }) }),
    )
  })

  test('that comes back to itself over several definitions is refused', () => {
    const schema = {
      $defs: { a: { items: { $ref: '#/$defs/b' } }, b: { properties: { a: { $ref: '#/$defs/a' } } } },
      $ref: '#/$defs/b',
    }
    expect(() => jsonSchemaToGrammar(schema)).toThrow(/"\$ref": "b" comes back to itself/)
  })

  test('that is nested too deep is refused, however deep', () => {
    const nested = (levels: number) => {
      let schema: object = { type: 'string' }
      for (let level = 0; level < levels; level++) schema = { items: schema }
      return schema
    }
    expect(grammarOf(nested(schemaLimits.depth)).accepts(`${'['.repeat(32)}"a"${']'.repeat(32)}`)).toBe(true)
    for (const levels of [schemaLimits.depth + 1, 100_000])
      expect(() => jsonSchemaToGrammar(nested(levels))).toThrow(/more than 32 levels/)
    let list: unknown[] = []
    for (let level = 0; level < 100_000; level++) list = [list]
    for (const hostile of [{ type: list }, { enum: [list] }, { properties: {}, required: [list] }, { $ref: list }])
      expect(() => jsonSchemaToGrammar(hostile)).toThrow(expect.objectContaining({ code: 'SCHEMA_UNSUPPORTED' }))
  })

  test('whose definitions double with every step stays small', () => {
    const $defs: Record<string, object> = { d0: { type: 'string', maxLength: 10 } }
    for (let step = 1; step < 15; step++) {
      const one = { $ref: `#/$defs/d${step - 1}` }
      $defs[`d${step}`] = { properties: { a: one, b: one }, required: ['a', 'b'] }
    }
    expect(jsonSchemaToGrammar({ $defs, $ref: '#/$defs/d14' }).length).toBeLessThan(2000)
  })

  test('with too many parts, repetitions or characters is refused', () => {
    const many = (count: number, schema: object) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, schema]))
    const refused = (schema: unknown, said: RegExp) => expect(() => jsonSchemaToGrammar(schema)).toThrow(said)
    refused({ properties: many(2001, { type: 'null' }) }, /more than 2000 parts/)
    refused({ enum: Array.from({ length: 2001 }, (_, index) => index) }, /more than 2000 parts/)
    refused({ properties: many(11, { type: 'string', maxLength: 2000 }) }, /more than 20000/)
    refused({ properties: { ['x'.repeat(100_001)]: { type: 'null' } } }, /more than 100000 characters/)
    refused({ const: 'x'.repeat(100_001) }, /more than 100000 characters/)
  })
})
