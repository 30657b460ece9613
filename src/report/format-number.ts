/** Numbers as people read them in reports. Spaces inside a number do not break; the minus is a minus. */

const narrowSpace = '\u202f'
const space = '\u00a0'
const minus = '\u2212'
const missing = '–'

/** With fixed decimals, for example "−0.50"; never a negative zero. A number that is none is a dash. */
export function formatNumber(value: number, decimals = 2): string {
  if (Number.isNaN(value)) return missing
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${minus}∞`
  const text = Math.abs(value).toFixed(decimals)
  return value < 0 && Number(text) !== 0 ? minus + text : text
}

/** A correlation: two decimals and the zero before the point. One short of 1 is not shown as 1: "0.998", "> 0.999". */
export function formatCorrelation(r: number): string {
  const size = Math.abs(r)
  if (!(size > 0.995) || size >= 1) return formatNumber(r)
  if (size <= 0.9995) return formatNumber(r, 3)
  return r > 0 ? '> 0.999' : `< ${minus}0.999`
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** An estimate and its interval: "0.66 (95 % 0.51 to 0.78)". `confidence` is a share, 0.95 unless told. */
export function formatEstimate(
  value: number,
  { low, high }: Interval,
  { confidence = 0.95, decimals = 2 }: { readonly confidence?: number; readonly decimals?: number } = {},
): string {
  const share = formatPercent(confidence, Number.isInteger(Math.round(confidence * 1000) / 10) ? 0 : 1)
  return `${formatNumber(value, decimals)} (${share}${space}${formatRange({ low, high }, decimals)})`
}

/** Two ends: "0.51 to 0.78". */
export function formatRange({ low, high }: Interval, decimals = 2): string {
  return `${formatNumber(low, decimals)}${space}to${space}${formatNumber(high, decimals)}`
}

/** A p value with its sign: "p < 0.001", "p = 0.013", "p = 0.24". */
export function formatP(p: number): string {
  if (Number.isNaN(p)) return `p ${missing}`
  if (p < 0.001) return 'p < 0.001'
  if (p > 0.99) return 'p > 0.99'
  return `p = ${p.toFixed(p < 0.0995 ? 3 : 2)}`
}

/** A share of 1: "94.7 %". */
export function formatPercent(share: number, decimals = 1): string {
  return Number.isFinite(share) ? `${formatNumber(share * 100, decimals)}${narrowSpace}%` : missing
}

/** A whole number in groups of three, "12 345"; four digits stay together. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return missing
  const digits = Math.abs(Math.round(count)).toFixed(0)
  const grouped = digits.length > 4 ? digits.replace(/\B(?=(\d{3})+$)/g, narrowSpace) : digits
  return Math.round(count) < 0 ? minus + grouped : grouped
}

/** A tick of an axis, with as many decimals as the ticks beside it need: "0.0" beside "0.5". Very large ones are short: "2e6". */
export function formatTick(value: number, ticks: readonly number[] = [value]): string {
  const exact = Number(value.toPrecision(12))
  if (Math.abs(exact) >= 1e6) return exact.toExponential().replace('e+', 'e').replace('-', minus)
  const decimals = Math.max(0, ...ticks.map(decimalsOf))
  return decimals === 0 ? formatCount(exact) : formatNumber(exact, decimals)
}

function decimalsOf(value: number): number {
  const [, decimals = '', exponent = '0'] =
    /^-?\d+(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(Number(value.toPrecision(12)))) ?? []
  return Math.min(20, Math.max(0, decimals.length - Number(exponent)))
}

/** "12 answers", "1 answer". */
export function formatCounted(count: number, singular: string, plural = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : plural}`
}

/** "850 ms", "12.3 s", "4 min 12 s", "2 h 5 min". */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return missing
  const ms = Math.max(0, durationMs)
  if (Math.round(ms) < 1000) return `${Math.round(ms)}${narrowSpace}ms`
  if (Math.round(ms / 100) < 600) return `${(ms / 1000).toFixed(1)}${narrowSpace}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${narrowSpace}min ${seconds % 60}${narrowSpace}s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)}${narrowSpace}h ${minutes % 60}${narrowSpace}min`
}
