import type { VerticalMark } from './plot-parts.ts'
import { colour } from './theme.ts'

/** A layer to point out in a plot by layer. */
export interface LayerMark {
  readonly layer: number
  readonly label: string
  /** `chosen` is solid, `second` is dashed and of another colour. */
  readonly role?: 'chosen' | 'second'
}

/** Layer marks as vertical lines. */
export function layerLines(marks: readonly LayerMark[]): VerticalMark[] {
  return marks.map(({ layer, label, role = 'chosen' }) => ({
    at: layer,
    label,
    colour: colour(role === 'chosen' ? 'accent' : 'series-4'),
    dash: role === 'chosen' ? 'none' : '5 3',
  }))
}
