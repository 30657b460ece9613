import { formatCount, formatPercent } from '../../report/format-number.ts'
import type { CascadeOutcome, ShareOfRows } from './cascade-outcome.ts'

/** What a cascade did and how sure its decision is, in words. */
export function describeCascade({ kind, rows, firstTokens, calibrationRows, agreement }: CascadeOutcome): string {
  const all = `all ${formatCount(rows.readInFull)} rows were read in full`
  if (kind === 'small') return `--fast saves nothing on so few rows: ${all}.`
  if (kind === 'no-gain')
    return `--fast would save too little here: on ${formatCount(calibrationRows ?? 0)} random rows, what the beginning of a response tells leaves too many rows open. So ${all}.`
  if (kind === 'fallback') {
    const reason = agreement
      ? `on ${formatCount(agreement.rows)} random rows it decided like the full pass for ${shareText(agreement.same)}, and less than 99 % cannot be ruled out`
      : 'too few rows could be read to show that it decides like the full pass'
    return `--fast was given up: ${reason}. So ${all}.`
  }
  return [
    `${formatCount(rows.readInFull)} rows were read in full. Of ${formatCount(rows.estimated)} only the first ${firstTokens} tokens of each response were read; their projections are estimates, and the run decides nothing but what it was made for.`,
    `On ${formatCount(agreement!.rows)} random rows the decision is the full pass’s for ${shareText(agreement!.same)}.`,
    agreement!.found
      ? `Of the rows among them that the full pass takes out it takes out ${shareText(agreement!.found)}.`
      : 'None of them is taken out.',
  ].join(' ')
}

function shareText({ count, of, low, high }: ShareOfRows): string {
  return `${formatCount(count)} of ${formatCount(of)} (95 % interval ${formatPercent(low)} to ${formatPercent(high)})`
}
