import { describe, expect, test } from 'vitest'
import { type Flag, fitText, placeFlags, textWidth, wrapText } from './text-layout.ts'

describe('wrapping', () => {
  test('keeps every word, and every line within the width', () => {
    const text = 'how joyful the answers become, per layer, in points of the score'
    const lines = wrapText(text, 120, 12)
    expect(lines.join(' ')).toBe(text)
    expect(lines.length).toBeGreaterThan(2)
    expect(Math.max(...lines.map(line => textWidth(line, 12)))).toBeLessThanOrEqual(120)
  })

  test('cuts a word that is wider than a line', () => {
    const lines = wrapText('a'.repeat(60), 100, 12)
    expect(lines.join('')).toBe('a'.repeat(60))
    expect(Math.max(...lines.map(line => textWidth(line, 12)))).toBeLessThanOrEqual(100)
  })

  test('never breaks at a space that must not break', () => {
    expect(wrapText('r 95\u202f%\u00a0to', 30, 12)).toEqual(['r', '95\u202f%', '\u00a0to'])
    expect(wrapText('r 95\u202f% to', 44, 12)).toEqual(['r 95\u202f%', 'to'])
  })
})

test('a text that is cut says so', () => {
  expect(fitText('persona vector', 200, 12)).toBe('persona vector')
  const cut = fitText('persona vector', 60, 12)
  expect(cut).toMatch(/^perso.*…$/)
  expect(textWidth(cut, 12)).toBeLessThanOrEqual(60)
})

describe('flags', () => {
  test('stand in one row where there is room', () => {
    const placed = placeFlags([flag(50, 'layer 4'), flag(300, 'layer 20')], 700, 12)
    expect(placed.map(({ row, side }) => [row, side])).toEqual([
      [0, 'right'],
      [0, 'right'],
    ])
  })

  test('near the right end have their text at the left', () => {
    expect(placeFlags([flag(690, 'layer 28: reads')], 700, 12)).toMatchObject([{ side: 'left', row: 0 }])
  })

  test('that are close turn their backs on each other', () => {
    const placed = placeFlags([flag(300, 'layer 16: steers'), flag(320, 'layer 17: reads')], 700, 12)
    expect(placed.map(({ row, side }) => [row, side])).toEqual([
      [0, 'left'],
      [0, 'right'],
    ])
  })

  test('stand over their pole where there is no room beside it', () => {
    const [placed] = placeFlags([flag(180, 'the strongest coherent dose: 0.20')], 360, 12)
    expect(placed).toMatchObject({ side: 'over', row: 0 })
    expect(placed!.from).toBeGreaterThanOrEqual(0)
    expect(placed!.from + textWidth(placed!.text, 12)).toBeLessThanOrEqual(360)
  })

  test('never cover each other or the pole of another', () => {
    let state = 7
    const random = () => {
      state = (state * 16807) % 2147483647
      return state / 2147483647
    }
    for (let round = 0; round < 300; round++) {
      const flags = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
        flag(40 + random() * 660, 'layer 16: steers'.slice(0, 4 + Math.floor(random() * 12))),
      )
      const boxes = placeFlags(flags, 760, 12).map(({ at, row, from, text }) => {
        return { at, row, from, to: from + textWidth(text, 12) }
      })
      for (const [index, box] of boxes.entries()) {
        expect(box.from).toBeGreaterThanOrEqual(0)
        expect(box.to).toBeLessThanOrEqual(760)
        for (const [other, second] of boxes.entries()) {
          if (index === other) continue
          const overlap = box.from < second.to && second.from < box.to
          expect(overlap && box.row === second.row, JSON.stringify(boxes)).toBe(false)
          const isCrossed = second.at > box.from && second.at < box.to && second.row >= box.row
          expect(isCrossed, JSON.stringify(boxes)).toBe(false)
        }
      }
    }
  })
})

function flag(at: number, text: string): Flag {
  return { at, text }
}
