import type { Amount } from './screening-plan.ts'

/** How many of some rows an amount is; a part of a row counts as a row. */
export function rowsOf(amount: Amount, rows: number): number {
  if ('count' in amount) return Math.min(amount.count, rows)
  // 1.1 % of 1,000 rows are 11, whatever binary fractions say.
  return Math.min(rows, Math.ceil(Number((amount.share * rows).toPrecision(12))))
}
