import { PersonascopeError } from '../../errors/personascope-error.ts'
import { GrammarRules, literal, oneOf, repeated } from './gbnf.ts'
import { integerRange, largestInteger } from './integer-range.ts'

/**
 * How much a schema may ask for. Schemas come from strangers too: what is over a limit is refused before anything runs.
 * A repetition of more than 2000 is also what llama.cpp itself refuses.
 */
export const schemaLimits = {
  depth: 32,
  /** Schemas within the schema, and values of enums. */
  parts: 2000,
  /** Of property names and values. */
  characters: 100_000,
  /** Of one maxLength, minLength, maxItems, minItems. */
  repetition: 2000,
  /** Of all repetitions together: llama.cpp writes every one of them out. */
  repetitions: 20_000,
} as const

/** Say nothing about which values are right. */
const annotations = new Set(
  '$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly'.split(' '),
)
const types = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null'] as const
type Type = (typeof types)[number]
/** Understood; each is looked at by the type it belongs to, and by no other, as JSON Schema has it. */
const constraints = new Set(
  (
    'type properties required additionalProperties items minItems maxItems minLength maxLength minimum maximum ' +
    'exclusiveMinimum exclusiveMaximum'
  ).split(' '),
)

type Schema = Readonly<Record<string, unknown>>

/**
 * A grammar in GBNF that writes only values a JSON schema allows, with properties in the order of the schema and at
 * most one space after a colon or comma.
 *
 * Understood are `type` (one or several), `properties`, `required`, `additionalProperties` (no others are ever written),
 * `items`, `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum`, `maximum`, `exclusiveMinimum`,
 * `exclusiveMaximum` (of integers), `enum` and `const` (of plain values), `anyOf`, `$ref` into `$defs` or `definitions`
 * that does not come back to itself; titles and other annotations are passed over. Integers have up to 15 digits.
 * @throws SCHEMA_UNSUPPORTED naming the keyword, for all else and for schemas over `schemaLimits`
 */
export function jsonSchemaToGrammar(schema: unknown): string {
  const compiler = new SchemaCompiler(schema)
  return compiler.compile()
}

/** Where in the schema something stands, and how deep. */
interface Place {
  readonly path: string
  readonly depth: number
  /** Names of definitions this place is within. */
  readonly within: readonly string[]
}

class SchemaCompiler {
  readonly #root: unknown
  readonly #rules = new GrammarRules()
  readonly #definitions = new Map<string, string>()
  #parts = 0
  #characters = 0
  #repetitions = 0

  constructor(root: unknown) {
    this.#root = root
  }

  compile(): string {
    return this.#rules.text(this.#visit(this.#root, { path: '#', depth: 0, within: [] }))
  }

  /** The expression for a schema: an atom, so that it can be repeated. */
  #visit(schema: unknown, place: Place): string {
    this.#count(place, 1)
    if (place.depth > schemaLimits.depth) throw refused('', place, `it has more than ${schemaLimits.depth} levels`)
    if (!isSchema(schema)) throw refused('', place, 'an object is expected there')
    if ('$ref' in schema) return this.#reference(schema, place)
    if ('anyOf' in schema) return this.#anyOf(schema, place)
    if ('enum' in schema || 'const' in schema) return this.#values(schema, place)
    for (const keyword of Object.keys(schema))
      if (!annotations.has(keyword) && !constraints.has(keyword)) throw unknownKeyword(keyword, place)
    const expressions = typesOf(schema, place).map(type => this.#ofType(type, schema, place))
    return expressions.length === 1 ? expressions[0]! : this.#rules.add(oneOf(expressions))
  }

  #ofType(type: Type, schema: Schema, place: Place): string {
    switch (type) {
      case 'object':
        return this.#object(schema, place)
      case 'array':
        return this.#array(schema, place)
      case 'string':
        return this.#string(schema, place)
      case 'integer':
        return this.#integer(schema, place)
      case 'number':
        return this.#number(schema, place)
      case 'boolean':
        return this.#rules.addNamed('boolean', '"true" | "false"')
      case 'null':
        return this.#rules.addNamed('null', '"null"')
    }
  }

  #object(schema: Schema, place: Place): string {
    const { properties, required = [], additionalProperties } = schema
    if (!isSchema(properties)) throw refused('properties', place, 'it must say which properties there are')
    if (additionalProperties !== undefined && typeof additionalProperties !== 'boolean')
      throw refused('additionalProperties', place, 'only true and false are understood')
    if (!Array.isArray(required)) throw refused('required', place, 'a list of names is expected')
    for (const name of required)
      if (typeof name !== 'string' || !Object.hasOwn(properties, name))
        throw refused('required', place, `it names ${shown(name)}, which is not among the properties`)
    const needed = new Set(required)
    const members = Object.entries(properties).map(([name, value]) => {
      this.#countCharacters(place, name)
      const expression = this.#visit(value, below(place, `properties/${name}`))
      const text = `${literal(`${JSON.stringify(name)}:`)} ${this.#space()} ${expression}`
      return { text, isRequired: needed.has(name) }
    })
    if (members.every(({ isRequired }) => isRequired)) {
      const texts = members.map(({ text }) => text)
      return this.#rules.add(['"{"', texts.join(` ${this.#comma()} `), '"}"'].filter(Boolean).join(' '))
    }
    return this.#rules.add(`"{" ${this.#members(members)}`)
  }

  /** Members some of which may be left out, to the closing brace. */
  #members(members: readonly { readonly text: string; readonly isRequired: boolean }[]): string {
    let [first, later] = ['"}"', '"}"']
    for (const { text, isRequired } of members.toReversed()) {
      const [firstHere, laterHere] = [`${text} ${later}`, `${this.#comma()} ${text} ${later}`]
      const [without, withoutLater] = [first, later]
      first = this.#rules.add(isRequired ? firstHere : `${firstHere} | ${without}`)
      later = this.#rules.add(isRequired ? laterHere : `${laterHere} | ${withoutLater}`)
    }
    return first
  }

  #array(schema: Schema, place: Place): string {
    if (!('items' in schema)) throw refused('items', place, 'it must say what the items are')
    const { least, most } = this.#bounds(schema, place, 'minItems', 'maxItems')
    if (most === 0) return this.#rules.add('"[]"')
    const item = this.#visit(schema['items'], below(place, 'items'))
    const more = this.#rules.add(`${this.#comma()} ${item}`)
    const moreItems = most === 1 ? '' : repeated(more, Math.max(0, least - 1), most && most - 1)
    const items = `${item} ${moreItems}`.trim()
    return this.#rules.add(least === 0 ? `"[" (${items})? "]"` : `"[" ${items} "]"`)
  }

  #string(schema: Schema, place: Place): string {
    const { least, most } = this.#bounds(schema, place, 'minLength', 'maxLength')
    // Halves of surrogate pairs are not written as escapes: they would be characters that are none.
    const escaped = '"\\\\" (["\\\\/bfnrt] | "u" ([0-9a-cA-CefEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))'
    const character = this.#rules.addNamed('character', `[^"\\\\\\x7F\\x00-\\x1F] | ${escaped}`)
    if (least === 0 && most === undefined) return this.#rules.addNamed('string', `"\\"" ${character}* "\\""`)
    return this.#rules.add(`"\\"" ${repeated(character, least, most)} "\\""`)
  }

  #integer(schema: Schema, place: Place): string {
    const bound = (keyword: string) => {
      const value = schema[keyword]
      if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
      throw refused(keyword, place, 'a number is expected')
    }
    const [over, under] = [bound('exclusiveMinimum'), bound('exclusiveMaximum')]
    const low = Math.max(
      -largestInteger,
      Math.ceil(bound('minimum') ?? -largestInteger),
      over === undefined ? -largestInteger : Math.floor(over) + 1,
    )
    const high = Math.min(
      largestInteger,
      Math.floor(bound('maximum') ?? largestInteger),
      under === undefined ? largestInteger : Math.ceil(under) - 1,
    )
    if (low > high) throw refused('minimum', place, 'no integer is within the bounds')
    if (low === -largestInteger && high === largestInteger)
      return this.#rules.addNamed('integer', '"0" | "-"? [1-9] [0-9]{0,14}')
    return this.#rules.add(integerRange(low + 0, high + 0))
  }

  #number(schema: Schema, place: Place): string {
    for (const keyword of ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'])
      if (keyword in schema) throw refused(keyword, place, 'it is understood of integers only')
    const fraction = '("." [0-9]{1,15})?'
    return this.#rules.addNamed('number', `"-"? ("0" | [1-9] [0-9]{0,14}) ${fraction} ([eE] [-+]? [0-9]{1,2})?`)
  }

  #values(schema: Schema, place: Place): string {
    const keyword = 'enum' in schema ? 'enum' : 'const'
    rejectOthers(schema, [keyword, 'type'], place)
    const listed: unknown = keyword === 'enum' ? schema['enum'] : [schema['const']]
    if (!Array.isArray(listed)) throw refused(keyword, place, 'a list of values is expected')
    this.#count(place, listed.length)
    const isAllowed = 'type' in schema ? typesOf(schema, place) : types
    const values = listed.filter((value: unknown) => {
      const type = typeOfValue(value)
      if (!type) throw refused(keyword, place, 'only texts, numbers, true, false and null are understood')
      return isAllowed.includes(type) || (type === 'integer' && isAllowed.includes('number'))
    })
    if (values.length === 0) throw refused(keyword, place, 'it allows no value')
    for (const value of values) this.#countCharacters(place, JSON.stringify(value))
    return this.#rules.add(oneOf([...new Set(values.map(value => literal(JSON.stringify(value))))]))
  }

  #anyOf(schema: Schema, place: Place): string {
    rejectOthers(schema, ['anyOf'], place)
    const { anyOf } = schema
    if (!Array.isArray(anyOf) || anyOf.length === 0) throw refused('anyOf', place, 'a list of schemas is expected')
    return this.#rules.add(oneOf(anyOf.map((part, index) => this.#visit(part, below(place, `anyOf/${index}`)))))
  }

  #reference(schema: Schema, place: Place): string {
    rejectOthers(schema, ['$ref'], place)
    const { $ref: reference } = schema
    const text = typeof reference === 'string' ? reference : ''
    const [, container, escaped] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(text) ?? []
    if (!container || escaped === undefined)
      throw refused('$ref', place, 'only #/$defs/<name> and #/definitions/<name> are understood')
    const name = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    const path = `#/${container}/${escaped}`
    if (place.within.includes(path)) throw refused('$ref', place, `${shown(name)} comes back to itself`)
    const known = this.#definitions.get(path)
    if (known) return known
    const definitions = (this.#root as Schema)[container]
    if (!isSchema(definitions) || !Object.hasOwn(definitions, name))
      throw refused('$ref', place, `there is no ${shown(name)}`)
    const within = [...place.within, path]
    const expression = this.#visit(definitions[name], { path, depth: place.depth + 1, within })
    this.#definitions.set(path, expression)
    return expression
  }

  #bounds(schema: Schema, place: Place, least: string, most: string) {
    const read = (keyword: string) => {
      const value = schema[keyword]
      if (value === undefined) return undefined
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
        throw refused(keyword, place, 'a whole number of 0 or more is expected')
      if (value > schemaLimits.repetition)
        throw refused(keyword, place, `at most ${schemaLimits.repetition} is understood`)
      return value
    }
    const bounds = { least: read(least) ?? 0, most: read(most) }
    if (bounds.most !== undefined && bounds.least > bounds.most) throw refused(least, place, `it is more than ${most}`)
    this.#repetitions += bounds.most ?? bounds.least
    if (this.#repetitions > schemaLimits.repetitions)
      throw refused(most, place, `all together they are more than ${schemaLimits.repetitions}`)
    return bounds
  }

  #count(place: Place, parts: number): void {
    this.#parts += parts
    if (this.#parts > schemaLimits.parts) throw refused('', place, `it has more than ${schemaLimits.parts} parts`)
  }

  #countCharacters(place: Place, text: string): void {
    this.#characters += text.length
    if (this.#characters > schemaLimits.characters)
      throw refused('', place, `its names and values have more than ${schemaLimits.characters} characters`)
  }

  #comma(): string {
    return this.#rules.addNamed('comma', `"," ${this.#space()}`)
  }

  #space(): string {
    return this.#rules.addNamed('space', '" "?')
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The types a schema names; where it names none, the one its keywords speak of. */
function typesOf(schema: Schema, place: Place): readonly Type[] {
  const { type = 'properties' in schema ? 'object' : 'items' in schema ? 'array' : undefined } = schema
  if (type === undefined) throw refused('type', place, 'it is missing')
  const named: readonly unknown[] = Array.isArray(type) ? type : [type]
  const known = types.filter(own => named.includes(own))
  if (named.length === 0 || known.length < new Set(named).size)
    throw refused('type', place, `${shown(type)} is not understood`)
  return known
}

function typeOfValue(value: unknown): Type | undefined {
  if (value === null) return 'null'
  if (typeof value === 'number')
    return Number.isInteger(value) ? 'integer' : Number.isFinite(value) ? 'number' : undefined
  return typeof value === 'string' || typeof value === 'boolean' ? (typeof value as 'string' | 'boolean') : undefined
}

/** Refuses what stands beside a keyword and would restrict it further. */
function rejectOthers(schema: Schema, understood: readonly string[], place: Place): void {
  for (const keyword of Object.keys(schema))
    if (!annotations.has(keyword) && !understood.includes(keyword))
      throw constraints.has(keyword) || keyword === 'enum' || keyword === 'const' || keyword === 'anyOf'
        ? refused(keyword, place, `it is not understood beside ${understood[0]}`)
        : unknownKeyword(keyword, place)
}

function below({ path, depth, within }: Place, step: string): Place {
  return { path: `${path}/${step}`, depth: depth + 1, within }
}

function unknownKeyword(keyword: string, place: Place): PersonascopeError {
  return refused(keyword, place, 'this keyword is not understood')
}

/** @param keyword empty where it is not about one */
function refused(keyword: string, { path }: Place, detail: string): PersonascopeError {
  const place = path.length > 200 ? `${path.slice(0, 200)}...` : path
  return new PersonascopeError('SCHEMA_UNSUPPORTED', {
    keyword,
    place,
    detail: keyword ? `${shown(keyword)}: ${detail}` : detail,
  })
}

/** What a stranger's schema holds, briefly; anything but a text only by its kind. */
function shown(value: unknown): string {
  if (typeof value !== 'string') return Array.isArray(value) ? 'this list' : `this ${typeof value}`
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value)
}
