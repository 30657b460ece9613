import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { pearson } from './correlation.ts'
import {
  interactionCorrelation,
  meanPerGroup,
  partialWithinGroupCorrelation,
  withinGroupCorrelation,
} from './grouped-correlation.ts'

interface Case {
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly control: readonly number[]
  readonly prompt: readonly string[]
  readonly question: readonly number[]
  readonly within: number
  readonly interaction: number
  readonly partial: number
  readonly meansOfY: readonly (readonly [string, number])[]
}

const golden = readGolden<Record<'balanced' | 'unbalanced' | 'disconnected', Case>>('grouped-correlation')

describe.each(Object.entries(golden))('correlation in groups, %s', (_, data) => {
  test('within groups is the one of pingouin or of a regression on dummy variables', () => {
    expectClose(withinGroupCorrelation(data.x, data.y, data.prompt), data.within)
  })

  test('of the interaction is the one of residuals of a two-way regression on dummy variables', () => {
    expectClose(interactionCorrelation(data.x, data.y, data.prompt, data.question), data.interaction)
    expectClose(interactionCorrelation(data.x, data.y, data.question, data.prompt), data.interaction)
  })

  test('given a control follows from the t value of a regression with both', () => {
    expectClose(partialWithinGroupCorrelation(data.x, data.y, data.control, data.prompt), data.partial)
  })

  test('has the means of pandas', () => {
    const means = [...meanPerGroup(data.y, data.prompt)]
    expect(means.map(([name]) => name)).toEqual(data.meansOfY.map(([name]) => name))
    expectClose(
      means.map(([, mean]) => mean),
      data.meansOfY.map(([, mean]) => mean),
    )
  })
})

describe('correlation in groups', () => {
  const { x, y, prompt, question } = golden.unbalanced

  test('sees nothing that is added to a whole group', () => {
    const shiftedX = x.map((value, i) => value + 1000 * Number(prompt[i]!.slice(1)))
    expectClose(withinGroupCorrelation(shiftedX, y, prompt), golden.unbalanced.within)
    const shiftedY = y.map((value, i) => value + 500 * question[i]! - 300 * Number(prompt[i]!.slice(1)))
    expectClose(interactionCorrelation(shiftedX, shiftedY, prompt, question), golden.unbalanced.interaction)
  })

  test('sees it through effects a million times as large', () => {
    const [far, small] = [2 ** 20, 2 ** -10]
    const rest = x.map((_, i) => Math.round(Math.sin(i * i) * 2 ** 10) * small)
    const other = x.map((_, i) => Math.round(Math.cos(i * i) * 2 ** 10) * small + rest[i]!)
    const effect = (i: number) => far * Math.round(8 * Math.sin(question[i]!)) - far * Number(prompt[i]!.slice(1))
    const shifted = rest.map((value, i) => value + effect(i))
    const expected = interactionCorrelation(rest, other, prompt, question)!
    expectClose(interactionCorrelation(shifted, other, prompt, question), expected)
  })

  test('with one group for all is the plain one', () => {
    const one = x.map(() => 'all')
    expectClose(withinGroupCorrelation(x, y, one), pearson(x, y)!)
    expectClose(interactionCorrelation(x, y, one, one), pearson(x, y)!)
  })

  test('is undefined where nothing is left after the means', () => {
    const ofGroup = prompt.map(name => Number(name.slice(1)) * 0.1)
    expect(withinGroupCorrelation(ofGroup, y, prompt)).toBeUndefined()
    const additive = ofGroup.map((value, i) => value + question[i]! * 0.7)
    expect(withinGroupCorrelation(additive, y, prompt)).toBeDefined()
    expect(interactionCorrelation(additive, y, prompt, question)).toBeUndefined()
    const own = x.map((_, i) => i)
    expect(withinGroupCorrelation(x, y, own)).toBeUndefined()
    expect(withinGroupCorrelation([], [], [])).toBeUndefined()
  })

  test('given a control that does not vary within groups is the one without control', () => {
    const ofGroup = prompt.map(name => Number(name.slice(1)) * 0.1)
    expectClose(partialWithinGroupCorrelation(x, y, ofGroup, prompt), golden.unbalanced.within)
  })

  test('given x itself is undefined: nothing of x is left', () => {
    expect(partialWithinGroupCorrelation(x, y, x, prompt)).toBeUndefined()
  })

  test('converges where a chain of cells ties the groups together', () => {
    const length = 200
    const row = Array.from({ length: 2 * length }, (_, i) => i >> 1)
    const column = Array.from({ length: 2 * length }, (_, i) => (i + 1) >> 1)
    const additive = row.map((_, i) => Math.sin(row[i]!) + Math.cos(column[i]! * 1.7))
    // A chain has as many effects as cells: whatever stands in it is additive.
    expect(interactionCorrelation(additive, additive, row, column)).toBeUndefined()
    // Close the chain into a ring, and one direction is left.
    const ring = column.map(value => value % length)
    const values = row.map((_, i) => Math.sin(i * i))
    expect(
      Math.abs(
        interactionCorrelation(
          values,
          row.map((_, i) => Math.cos(3 * i)),
          row,
          ring,
        )!,
      ),
    ).toBeCloseTo(1, 9)
  })
})
