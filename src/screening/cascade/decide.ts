/** The decision a cascade is made for: which rows it takes out, and which rows could still change sides. */
import { rowsOf } from '../amount.ts'
import type { FastRule } from '../screening-plan.ts'
import type { LineOfTrait } from './line-of-trait.ts'

/** A rule with the score from which on it takes rows out. */
export interface Threshold {
  readonly rule: FastRule
  /** Which of the plan's traits. */
  readonly trait: number
  readonly bound: number
}

/**
 * Where each rule divides the rows, by the best that is known of them: full readings, else estimates.
 * @param values by trait the values of all rows; NaN where a row has none
 */
export function thresholdsOf(
  rules: readonly FastRule[],
  traits: readonly { readonly name: string }[],
  values: readonly Float64Array[],
): Threshold[] {
  return rules.map(rule => {
    const trait = traits.findIndex(({ name }) => name === rule.trait)
    return { rule, trait, bound: rule.kind === 'above' ? rule.bound : boundOfTop(rule.amount, values[trait]!) }
  })
}

/** The value of the last row among the highest; above all where there are none to take. */
function boundOfTop(amount: Extract<FastRule, { kind: 'top' }>['amount'], values: Float64Array): number {
  const known = values.filter(value => !Number.isNaN(value)).sort()
  return known[known.length - rowsOf(amount, known.length)] ?? Number.POSITIVE_INFINITY
}

/** Whether a rule takes a row of this value out. */
export function isTaken({ rule, bound }: Threshold, value: number): boolean {
  return rule.kind === 'above' ? value > bound : value >= bound
}

/**
 * Whether a full reading could put a row on the other side, going by the margins. The highest rows are
 * read in full themselves: their order decides who is among them.
 */
export function isOpen({ rule, bound }: Threshold, estimate: number, { above, below }: LineOfTrait): boolean {
  if (rule.kind === 'top') return estimate + above >= bound
  return estimate + above > bound && estimate - below <= bound
}
