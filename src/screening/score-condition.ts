/** Conditions on scores as users write them: `evil.p95 > 2.0`, `evil.z=2`, `evil=5%`. */
import { sqlName } from '../dataset/parquet.ts'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { rowsOf } from './amount.ts'
import { type Measure, measures, type ScoresReader, scoreColumn } from './scores-file.ts'
import type { Amount, FastRule } from './screening-plan.ts'

/** A trait's measure; the projection where none is named. */
export interface ScoreName {
  readonly trait: string
  readonly measure: Measure
}

/** The traits that can be named, such as those of a plan. */
export interface NamedTraits {
  readonly traits: readonly { readonly name: string }[]
}

/** A condition on the whole dataset. */
export interface DatasetCondition extends ScoreName {
  readonly text: string
  readonly statistic: string
  readonly above: boolean
  readonly orEqual: boolean
  readonly bound: number
}

const expectedCondition = 'like "evil.p95 > 2.0": <trait>[.<measure>].<mean|median|min|max|sd|pNN> <|<=|>|>= number'
const expectedRule = 'like evil=1.5 or evil.z=2'

/**
 * Reads `<trait>[.<measure>].<statistic> <sign> <number>`.
 * @throws OPTION_INVALID
 */
export function parseCondition(text: string, { traits }: NamedTraits): DatasetCondition {
  const match = /^\s*(.+?)\.(mean|median|min|max|sd|p\d{1,2}(?:\.\d+)?)\s*(<=|>=|<|>)\s*(\S+)\s*$/.exec(text)
  const bound = Number(match?.[4])
  if (!match || !Number.isFinite(bound)) throw wrong('--fail-if', expectedCondition, text)
  const name = parseName('--fail-if', match[1]!, traits, expectedCondition, text)
  return {
    ...name,
    text: text.trim(),
    statistic: match[2]!,
    above: match[3]!.startsWith('>'),
    orEqual: match[3]!.endsWith('='),
    bound,
  }
}

/**
 * What a condition's statistic is, and whether the condition holds.
 * @throws SCREENING_UNMEASURED where no row has the score: a check that cannot be made is not passed
 */
export async function checkCondition(
  scores: ScoresReader,
  condition: DatasetCondition,
): Promise<{ readonly value: number; readonly isMet: boolean }> {
  const [[value] = []] = await scores.query(
    `SELECT ${aggregateOf(condition.statistic)} FROM (SELECT ${columnOf(condition)} AS v FROM scores)`,
  )
  if (typeof value !== 'number') throw unmeasured(condition)
  const { above, orEqual, bound } = condition
  return { value, isMet: (orEqual && value === bound) || (above ? value > bound : value < bound) }
}

function aggregateOf(statistic: string): string {
  switch (statistic) {
    case 'mean':
      return 'avg(v)'
    case 'median':
      return 'median(v)'
    case 'sd':
      return 'stddev_samp(v)'
    case 'min':
    case 'max':
      return `${statistic}(v)`
    default:
      return `quantile_cont(v, ${Number(statistic.slice(1)) / 100})`
  }
}

/** The column of a score, as SQL names it. */
export function columnOf({ trait, measure }: ScoreName): string {
  return sqlName(scoreColumn(trait, measure))
}

/**
 * The rules that a cascade can be made for: on projections, above a score or the highest rows.
 * @throws OPTION_INVALID
 */
export function asFastRules(rules: readonly FilterRule[]): FastRule[] {
  return rules.map((rule): FastRule => {
    const { trait, measure } = rule
    const got = `${rule.kind} ${trait}.${measure}`
    if (measure !== 'projection' || rule.kind === 'all-but-lowest')
      throw wrong('--fast', 'rules of --drop-top or --drop-above on projections, like evil=5%', got)
    return rule.kind === 'above'
      ? { kind: rule.kind, trait, measure, bound: rule.bound }
      : { kind: rule.kind, trait, measure, amount: rule.amount }
  })
}

/** A rule as users write it. */
export function writeRule(rule: FilterRule): string {
  const { trait, measure, kind } = rule
  const name = measure === 'projection' ? trait : `${trait}.${measure}`
  if (kind === 'above') return `--drop-above ${name}=${rule.bound}`
  const { amount } = rule
  const option = kind === 'top' ? '--drop-top' : '--keep'
  return `${option} ${name}=${'share' in amount ? `${Number((amount.share * 100).toPrecision(12))}%` : amount.count}`
}

/** Which rows a filter takes out. */
export type FilterRule =
  | ({ readonly kind: 'above'; readonly bound: number } & ScoreName)
  | ({ readonly kind: 'top'; readonly amount: Amount } & ScoreName)
  | ({ readonly kind: 'all-but-lowest'; readonly amount: Amount } & ScoreName)

/** Reads `[<trait>[.<measure>]=]<number>`; the trait may be left out where there is one. Throws OPTION_INVALID. */
export function parseAbove(text: string, { traits }: NamedTraits): FilterRule {
  const { name, value } = parseRule('--drop-above', text, traits)
  const bound = Number(value)
  if (value === '' || !Number.isFinite(bound)) throw wrong('--drop-above', expectedRule, text)
  return { kind: 'above', ...name, bound }
}

/** Reads `[<trait>[.<measure>]=]<n%|n>`. Throws OPTION_INVALID. */
export function parseAmount(option: '--drop-top' | '--keep', text: string, { traits }: NamedTraits): FilterRule {
  const { name, value } = parseRule(option, text, traits)
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value)
  const kind = option === '--keep' ? 'all-but-lowest' : 'top'
  if (percent && Number(percent[1]) <= 100) return { kind, ...name, amount: { share: Number(percent[1]) / 100 } }
  if (/^\d+$/.test(value)) return { kind, ...name, amount: { count: Number(value) } }
  throw wrong(option, 'like 5%, evil=5% or evil.z=200', text)
}

function parseRule(option: string, text: string, traits: NamedTraits['traits']) {
  const [left, right] = text.includes('=') ? text.split(/=(.*)/s) : [undefined, text]
  const only = traits.length === 1 ? traits[0]!.name : undefined
  const name = left?.trim() || only
  if (name === undefined) throw wrong(option, `${expectedRule}, for one of ${namesOf(traits)}`, text)
  return { name: parseName(option, name, traits, expectedRule, text), value: right!.trim() }
}

function parseName(
  option: string,
  text: string,
  traits: NamedTraits['traits'],
  expected: string,
  whole: string,
): ScoreName {
  const known = traits.find(({ name }) => name === text)
  if (known) return { trait: known.name, measure: 'projection' }
  const at = text.lastIndexOf('.')
  const trait = traits.find(({ name }) => name === text.slice(0, at))
  const measure = measures.find(name => name === text.slice(at + 1))
  if (at < 0 || !trait || !measure)
    throw wrong(option, `${expected}; traits: ${namesOf(traits)}; measures: ${measures.join(', ')}`, whole)
  return { trait: trait.name, measure }
}

const namesOf = (traits: NamedTraits['traits']) => traits.map(({ name }) => name).join(', ')

function wrong(option: string, expected: string, got: string): PersonascopeError {
  return new PersonascopeError('OPTION_INVALID', { option, expected, got })
}

function unmeasured({ trait, measure }: ScoreName): PersonascopeError {
  return new PersonascopeError('SCREENING_UNMEASURED', { trait, measure })
}

/**
 * The rows that any of the rules takes out, by their number in all files. Rows without the score are never among them.
 * @returns in rising order
 * @throws SCREENING_UNMEASURED where no row has the score of a rule
 */
export async function flaggedRows(scores: ScoresReader, rules: readonly FilterRule[]): Promise<number[]> {
  const flagged = new Set<number>()
  for (const rule of rules) {
    const [[scored] = []] = await scores.query(`SELECT count(${columnOf(rule)}) FROM scores`)
    if (!scored) throw unmeasured(rule)
    for (const [row] of await scores.query(queryOf(rule, scored as number))) flagged.add(row as number)
  }
  return [...flagged].sort((a, b) => a - b)
}

function queryOf(rule: FilterRule, scored: number): string {
  const column = columnOf(rule)
  if (rule.kind === 'above') return `SELECT row FROM scores WHERE ${column} > (${rule.bound})::DOUBLE`
  const amount = rowsOf(rule.amount, scored)
  const limit = rule.kind === 'top' ? amount : scored - amount
  const order = `row_number() OVER (ORDER BY ${column} DESC, row)`
  return `SELECT row FROM (SELECT row, ${order} AS place FROM scores WHERE ${column} IS NOT NULL) WHERE place <= ${limit}`
}
