import { describe, expect, test } from 'vitest'
import {
  formatCorrelation,
  formatCount,
  formatCounted,
  formatDuration,
  formatEstimate,
  formatNumber,
  formatP,
  formatPercent,
  formatRange,
  formatTick,
} from './format-number.ts'

/** Spaces that do not break, as plain ones. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

describe('numbers for people', () => {
  test('keep the zero before the point and never show a negative zero', () => {
    expect([0.5, -0.5, -0.001, 0, -0].map(value => formatNumber(value))).toEqual([
      '0.50',
      '−0.50',
      '0.00',
      '0.00',
      '0.00',
    ])
  })

  test('are a dash where there is none', () => {
    expect([formatNumber(Number.NaN), formatPercent(Number.NaN), formatCount(Number.NaN)]).toEqual(['–', '–', '–'])
    expect(formatNumber(Number.NEGATIVE_INFINITY)).toBe('−∞')
  })

  test('show a correlation short of 1 as short of 1', () => {
    const values = [0.66, -0.66, 0.994, 0.996, 0.9996, 1, -0.9996, -1, Number.NaN]
    expect(values.map(formatCorrelation)).toEqual([
      '0.66',
      '−0.66',
      '0.99',
      '0.996',
      '> 0.999',
      '1.00',
      '< −0.999',
      '−1.00',
      '–',
    ])
  })

  test('show an estimate with its interval', () => {
    expect(plain(formatEstimate(0.66, { low: 0.51, high: 0.78 }))).toBe('0.66 (95 % 0.51 to 0.78)')
    expect(plain(formatEstimate(48.21, { low: -1, high: 60 }, { confidence: 0.999, decimals: 1 }))).toBe(
      '48.2 (99.9 % −1.0 to 60.0)',
    )
    expect(plain(formatRange({ low: 0.5, high: 1 }))).toBe('0.50 to 1.00')
  })

  test('never break inside the interval', () => {
    expect(formatEstimate(0.66, { low: 0.51, high: 0.78 }).split(' ')).toHaveLength(2)
  })

  test('show p with its sign', () => {
    expect([0, 0.0009, 0.001, 0.0134, 0.0994, 0.0996, 0.24, 0.995, Number.NaN].map(formatP)).toEqual([
      'p < 0.001',
      'p < 0.001',
      'p = 0.001',
      'p = 0.013',
      'p = 0.099',
      'p = 0.10',
      'p = 0.24',
      'p > 0.99',
      'p –',
    ])
  })

  test('show shares of 1 as per cent', () => {
    expect([formatPercent(0.947), formatPercent(1, 0), formatPercent(0)].map(plain)).toEqual([
      '94.7 %',
      '100 %',
      '0.0 %',
    ])
  })

  test('group counts from five digits on', () => {
    expect([0, 999, 1234, 12345, 1234567, -12345].map(formatCount).map(plain)).toEqual([
      '0',
      '999',
      '1234',
      '12 345',
      '1 234 567',
      '−12 345',
    ])
  })

  test('label ticks alike, with the decimals that tell them apart', () => {
    const label = (ticks: readonly number[]) => ticks.map(tick => plain(formatTick(tick, ticks)))
    expect(label([0, 0.5, 1])).toEqual(['0.0', '0.5', '1.0'])
    expect(label([-0.1, 0, 0.1 + 0.2])).toEqual(['−0.1', '0.0', '0.3'])
    expect(label([0, 5000, 10000])).toEqual(['0', '5000', '10 000'])
    expect(label([0, 0.00002])).toEqual(['0.00000', '0.00002'])
    expect(label([2_000_000, -3_500_000])).toEqual(['2e6', '−3.5e6'])
  })

  test('count one thing and several', () => {
    expect([formatCounted(1, 'answer'), formatCounted(0, 'answer'), formatCounted(2, 'reply', 'replies')]).toEqual([
      '1 answer',
      '0 answers',
      '2 replies',
    ])
  })

  test('show durations in the unit that fits, without 60 of the smaller one', () => {
    const durations = [0, 850, 999.6, 12_340, 59_960, 252_000, 3_599_400, 3_599_600, 7_500_000]
    expect(durations.map(formatDuration).map(plain)).toEqual([
      '0 ms',
      '850 ms',
      '1.0 s',
      '12.3 s',
      '1 min 0 s',
      '4 min 12 s',
      '59 min 59 s',
      '1 h 0 min',
      '2 h 5 min',
    ])
  })
})
