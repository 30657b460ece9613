import { describe, expect, test } from 'vitest'
import { crossedFolds, type Fold, groupedFolds } from './grouped-folds.ts'

const prompts = 10
const questions = 12
const prompt = Array.from({ length: prompts * questions }, (_, row) => `p${Math.floor(row / questions)}`)
const question = Array.from({ length: prompts * questions }, (_, row) => row % questions)

function groupsOf<Group>(groups: readonly Group[], rows: Int32Array): ReadonlySet<Group> {
  return new Set(Array.from(rows, row => groups[row]!))
}

function expectUnseen(folds: readonly Fold[], ...groupings: readonly (readonly unknown[])[]) {
  for (const { train, test } of folds)
    for (const groups of groupings) {
      const seen = groupsOf(groups, train)
      expect([...groupsOf(groups, test)].filter(group => seen.has(group))).toEqual([])
    }
}

describe('folds of whole groups', () => {
  test('test every row once, by a fit that saw no row of its group', () => {
    const folds = groupedFolds(prompt, { folds: 4, seed: 5 })
    expectUnseen(folds, prompt)
    expect(folds.flatMap(fold => [...fold.test]).sort((a, b) => a - b)).toEqual(prompt.map((_, row) => row))
    for (const { train, test } of folds) {
      expect(train.length + test.length).toBe(prompt.length)
      expect([2, 3]).toContain(groupsOf(prompt, test).size)
    }
  })

  test('are the same for the same seed, and others for another', () => {
    const folds = groupedFolds(prompt, { folds: 3, seed: 5 })
    expect(groupedFolds(prompt, { folds: 3, seed: 5 })).toEqual(folds)
    expect(groupedFolds(prompt, { folds: 3, seed: 6 })).not.toEqual(folds)
  })

  test('refuse more folds than groups', () => {
    expect(() => groupedFolds(['a', 'b', 'a'], { folds: 3, seed: 1 })).toThrow('expected 2 to 2 folds for 2 groups')
    expect(() => groupedFolds(['a', 'b', 'a'], { folds: 1, seed: 1 })).toThrow('got 1')
  })
})

describe('folds of two crossed groupings', () => {
  test('test rows whose groups are both in the part, and fit on rows of which neither is', () => {
    const folds = crossedFolds(prompt, question, { folds: 3, seed: 2 })
    expect(folds).toHaveLength(3)
    expectUnseen(folds, prompt, question)
    for (const { train, test } of folds) {
      const heldOut = [groupsOf(prompt, test), groupsOf(question, test)] as const
      expect(test.length).toBe(heldOut[0].size * heldOut[1].size)
      const neither = prompt.filter((name, row) => !heldOut[0].has(name) && !heldOut[1].has(question[row]!))
      expect(train.length).toBe(neither.length)
    }
    const tested = folds.flatMap(fold => [...groupsOf(prompt, fold.test)])
    expect(tested.toSorted()).toEqual([...new Set(prompt)].toSorted())
  })

  test('for every pair of parts test every row once', () => {
    const folds = crossedFolds(prompt, question, { folds: 3, seed: 2, everyPair: true })
    expect(folds).toHaveLength(9)
    expectUnseen(folds, prompt, question)
    expect(folds.flatMap(fold => [...fold.test]).sort((a, b) => a - b)).toEqual(prompt.map((_, row) => row))
  })

  test('deal the two groupings independently', () => {
    const same = Array.from({ length: 64 }, (_, row) => row % 8)
    const folds = crossedFolds(same, same.map(String), { folds: 2, seed: 3 })
    const together = folds.reduce((sum, fold) => sum + fold.test.length, 0)
    expect(together).toBeGreaterThan(0)
    expect(together).toBeLessThan(64)
  })
})
