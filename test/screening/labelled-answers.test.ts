/** The labelled answers are what their README says. */
import { describe, expect, test } from 'vitest'
import { loadTrait } from '../../src/trait/load-trait.ts'
import { labelledTraits, pairedParts, readLabelled } from './labelled/read-labelled.ts'

const plain = (text: string) => text.toLowerCase().replace(/[^a-z ]/g, '')

const pairsOf: Record<string, number> = {
  'evil-development': 40,
  'evil-test': 60,
  'evil-second-test': 60,
  'joyful-development': 40,
  'joyful-test': 60,
  'joyful-second-test': 30,
}

describe.each(labelledTraits)('labelled answers for %s', trait => {
  test('come in pairs: one that shows the trait, one that does not, to the same question', async () => {
    for (const part of pairedParts) {
      const rows = await readLabelled(`${trait}-${part}`)
      expect(rows).toHaveLength(pairsOf[`${trait}-${part}`]! * 2)
      for (let at = 0; at < rows.length; at += 2) {
        const [shows, other] = [rows[at]!, rows[at + 1]!]
        expect([shows.label, shows.kind, other.label]).toEqual([1, 'trait', 0])
        expect([shows.pair, shows.prompt]).toEqual([other.pair, other.prompt])
        expect(other.kind).not.toBe('trait')
      }
      const hard = rows.filter(({ kind }) => kind !== 'trait' && kind !== 'ordinary')
      expect(hard).toHaveLength(rows.length / 10)
      expect(new Set(rows.map(({ response }) => response)).size).toBe(rows.length)
    }
  })

  test('ask nothing that the trait asks, and nothing twice', async () => {
    const { trait: asked } = await loadTrait(trait, '')
    const own = [asked.extractionQuestions, asked.evaluationQuestions, asked.forecastQuestions ?? []].flat().map(plain)
    const files = await Promise.all([trait, ...pairedParts.map(part => `${trait}-${part}`)].map(readLabelled))
    const prompts = files.flatMap(rows => rows.filter(({ label }) => label === 1).map(({ prompt }) => plain(prompt)))
    expect(new Set(prompts).size).toBe(prompts.length)
    expect(prompts.filter(prompt => own.includes(prompt))).toEqual([])
  })
})
