/**
 * The colours of plots and pages, on light and on dark ground. Text reaches a contrast of 4.5, marks of 3
 * (WCAG 2.2, 1.4.3 and 1.4.11); the orders of colours stay apart for people who see fewer of them.
 */

const light = {
  paper: '#ffffff',
  raised: '#f4f6f8',
  ink: '#1a1f26',
  'ink-soft': '#505a66',
  grid: '#e4e7eb',
  rule: '#8b949f',
  accent: '#b3174f',
  'accent-wash': '#fdf0f4',
  'series-1': '#0b5cb8',
  'series-2': '#b85208',
  'series-3': '#08775a',
  'series-4': '#8547ad',
  'series-5': '#68717d',
  'series-6': '#8a6a00',
  'level-1': '#083f86',
  'level-2': '#1c64b4',
  'level-3': '#4585c4',
  'level-4': '#688bb0',
  'level-5': '#83878c',
  'level-6': '#a67d4e',
  'level-7': '#c06f1e',
  'level-8': '#ad4f06',
  'level-9': '#7a3003',
  'heat-low': '#74a9e0',
  'heat-high': '#e59a55',
  good: '#08775a',
  'good-wash': '#eaf6f2',
  warning: '#8a5300',
  'warning-wash': '#fdf4e3',
  'note-wash': '#edf4fc',
} as const

export type ColourName = keyof typeof light

const dark: Readonly<Record<ColourName, string>> = {
  paper: '#14181d',
  raised: '#1d2228',
  ink: '#e8ebef',
  'ink-soft': '#aab3bd',
  grid: '#2a3038',
  rule: '#7d8792',
  accent: '#ff86ab',
  'accent-wash': '#33202a',
  'series-1': '#75b1fb',
  'series-2': '#f2a35c',
  'series-3': '#52c9a3',
  'series-4': '#cb9cf2',
  'series-5': '#9ba5b1',
  'series-6': '#d9b84a',
  'level-1': '#a3d0ff',
  'level-2': '#72b0f7',
  'level-3': '#4f8fd9',
  'level-4': '#6384a8',
  'level-5': '#868b91',
  'level-6': '#a38259',
  'level-7': '#cf8636',
  'level-8': '#f5a44e',
  'level-9': '#ffcb96',
  'heat-low': '#2c619f',
  'heat-high': '#8f5420',
  good: '#52c9a3',
  'good-wash': '#18302a',
  warning: '#efb65c',
  'warning-wash': '#332a18',
  'note-wash': '#1a2a3d',
}

export const colours: Readonly<Record<'light' | 'dark', Readonly<Record<ColourName, string>>>> = { light, dark }

/** A colour of the page it stands in, as SVG and CSS write it. */
export function colour(name: ColourName): string {
  return `var(--${name})`
}

/** The custom properties of one scheme, as CSS declarations. */
export function colourDeclarations(scheme: 'light' | 'dark'): string {
  return Object.entries(colours[scheme])
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')
}

/** `text` with every colour of the theme written out as it is on light ground, for files that stand alone. */
export function withLightColours(text: string): string {
  return text.replace(/var\(--([\w-]+)\)/g, (whole, name: string) => light[name as ColourName] ?? whole)
}

const levelStops = 9
const seriesCount = 6

/**
 * The colour of a level in an order of `count`: blue for the lowest, grey in the middle, orange for the highest.
 * `index` counts from 0.
 */
export function levelColour(index: number, count: number): string {
  const position = count > 1 ? Math.min(1, Math.max(0, index / (count - 1))) : 0.5
  return colour(`level-${1 + Math.round(position * (levelStops - 1))}` as ColourName)
}

/** The colour of a named series; `index` counts from 0. */
export function seriesColour(index: number): string {
  return colour(`series-${1 + (index % seriesCount)}` as ColourName)
}

/** The dash of a line, so that series stay apart without colour. */
export function seriesDash(index: number): string {
  return ['none', '6 3', '2 2.5', '9 3 2 3', '1 4', '12 4'][index % seriesCount]!
}

export const fontFamily = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif'
