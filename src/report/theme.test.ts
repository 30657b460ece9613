import { describe, expect, test } from 'vitest'
import {
  type ColourName,
  colour,
  colourDeclarations,
  colours,
  levelColour,
  seriesColour,
  seriesDash,
  withLightColours,
} from './theme.ts'

type Rgb = readonly [number, number, number]

const schemes = ['light', 'dark'] as const

describe.each(schemes)('on %s ground', scheme => {
  const theme = colours[scheme]

  test('text reads, on every ground it stands on', () => {
    const pairs: [ColourName, ColourName][] = [
      ['ink', 'paper'],
      ['ink', 'raised'],
      ['ink', 'accent-wash'],
      ['ink', 'good-wash'],
      ['ink', 'warning-wash'],
      ['ink', 'note-wash'],
      ['ink', 'heat-low'],
      ['ink', 'heat-high'],
      ['ink-soft', 'paper'],
      ['ink-soft', 'raised'],
      ['accent', 'paper'],
      ['series-1', 'paper'],
      ['series-4', 'paper'],
      ['warning', 'warning-wash'],
    ]
    for (const [text, ground] of pairs) {
      expect(contrast(rgb(theme[text]), rgb(theme[ground])), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    }
  })

  test.each(['paper', 'raised'] as const)(
    'text reads on the colours of the heat map over %s, however strong',
    under => {
      for (const pole of ['heat-low', 'heat-high'] as const) {
        for (let share = 0; share <= 1; share += 0.05) {
          const ground = mix(rgb(theme[pole]), rgb(theme[under]), share)
          expect(contrast(rgb(theme.ink), ground), `${pole} ${share}`).toBeGreaterThanOrEqual(4.5)
        }
      }
    },
  )

  test('marks stand out from the ground', () => {
    const marks = Object.keys(theme).filter(name => /^(series|level)-|^(rule|good|warning|accent)$/.test(name))
    expect(marks).toHaveLength(6 + 9 + 4)
    for (const name of marks) {
      expect(contrast(rgb(theme[name as ColourName]), rgb(theme.paper)), name).toBeGreaterThanOrEqual(3)
    }
  })

  test('levels stay apart for people who see fewer colours', () => {
    for (const [kind, see] of Object.entries(sights)) {
      const stops = [1, 3, 5, 7, 9].map(stop => lab(see(rgb(theme[`level-${stop}` as ColourName]))))
      for (const [index, stop] of stops.entries()) {
        for (const other of stops.slice(index + 1)) {
          expect(distance(stop, other), `${kind}, level ${index}`).toBeGreaterThan(10)
        }
      }
      expect(distance(stops[0]!, stops[4]!), `${kind}, lowest and highest`).toBeGreaterThan(50)
    }
  })
})

test('both schemes name the same colours', () => {
  expect(Object.keys(colours.dark)).toEqual(Object.keys(colours.light))
  expect(colourDeclarations('dark')).toContain(`--paper:${colours.dark.paper};`)
})

test('levels go from the first colour to the last, with the middle in the middle', () => {
  expect([0, 1, 2, 3, 4, 5, 6].map(level => levelColour(level, 7))).toEqual(
    [1, 2, 4, 5, 6, 8, 9].map(stop => `var(--level-${stop})`),
  )
  expect(levelColour(0, 1)).toBe('var(--level-5)')
  expect([levelColour(0, 2), levelColour(1, 2)]).toEqual(['var(--level-1)', 'var(--level-9)'])
  expect([levelColour(-1, 7), levelColour(9, 7)]).toEqual(['var(--level-1)', 'var(--level-9)'])
})

test('no two of six series look alike', () => {
  const looks = [0, 1, 2, 3, 4, 5].flatMap(index => [seriesColour(index), seriesDash(index)])
  expect(new Set(looks).size).toBe(12)
})

test('colours are written out for files, and other variables are left alone', () => {
  expect(withLightColours(`${colour('ink')} var(--unknown)`)).toBe(`${colours.light.ink} var(--unknown)`)
})

function rgb(hex: string): Rgb {
  const [r, g, b] = [1, 3, 5].map(at => linear(Number.parseInt(hex.slice(at, at + 2), 16) / 255))
  return [r!, g!, b!]
}

function linear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}

function companded(value: number): number {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055
}

/** What half-transparent paint gives: browsers mix the values as they are written, not light. */
function mix(paint: Rgb, ground: Rgb, share: number): Rgb {
  const [r, g, b] = [0, 1, 2].map(at => linear(companded(paint[at]!) * share + companded(ground[at]!) * (1 - share)))
  return [r!, g!, b!]
}

function luminance([r, g, b]: Rgb): number {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high! + 0.05) / (low! + 0.05)
}

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear light. */
const sights: Readonly<Record<string, (colour: Rgb) => Rgb>> = {
  all: colour => colour,
  protanopia: seen([0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]),
  deuteranopia: seen([0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]),
  tritanopia: seen([1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]),
}

function seen(...rows: readonly [Rgb, Rgb, Rgb]): (colour: Rgb) => Rgb {
  return colour => {
    const [r, g, b] = rows.map(row => Math.max(0, row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2]))
    return [r!, g!, b!]
  }
}

/** CIE L*a*b* under D65; a distance of about 2 is just seen. */
function lab([r, g, b]: Rgb): Rgb {
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116)
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047)
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b)
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

function distance(a: Rgb, b: Rgb): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}
