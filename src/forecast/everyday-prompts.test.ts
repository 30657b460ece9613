import { describe, expect, test } from 'vitest'
import { distinctiveStems } from '../trait/distinctive-words.ts'
import { listTraits, loadTrait } from '../trait/load-trait.ts'
import { isCommonWord, normalised, overlapOf, stemOf, topicStems, wordsOf } from '../trait/words.ts'
import { everydayPrompts } from './everyday-prompts.ts'

const noFolder = 'no-such-folder'

describe('everyday system prompts', () => {
  test('there are at least 24, each another role', () => {
    expect(everydayPrompts.length).toBeGreaterThanOrEqual(24)
    expect(new Set(everydayPrompts.map(normalised)).size).toBe(everydayPrompts.length)
    for (const [index, prompt] of everydayPrompts.entries())
      for (const earlier of everydayPrompts.slice(0, index))
        expect(overlapOf(topicStems(prompt), topicStems(earlier)), `${prompt} / ${earlier}`).toBeLessThan(0.6)
  })

  test('none says a word that tells a built-in trait from its opposite, or repeats one of its prompts', async () => {
    const entries = await listTraits(noFolder)
    expect(entries.length).toBeGreaterThan(0)
    for (const { name } of entries) {
      const { trait } = await loadTrait(name, noFolder)
      const telling = new Set([...distinctiveStems(trait), ...wordsOf(trait.name).map(stemOf)])
      const ladder = trait.ladder.map(({ prompt }) => normalised(prompt))
      for (const prompt of everydayPrompts) {
        const words = wordsOf(prompt).filter(word => !isCommonWord(word))
        expect(
          words.filter(word => telling.has(stemOf(word))),
          `${name}: ${prompt}`,
        ).toEqual([])
        expect(ladder).not.toContain(normalised(prompt))
      }
    }
  })
})
