/** What holds of every plot, whatever it shows. */
import { describe, expect, test } from 'vitest'
import { correlationByLayerPlot } from './correlation-by-layer-plot.ts'
import { type Drawing, svgFile } from './drawing.ts'
import { draw, textBoxes, unbalancedTags, widths } from './drawn.case.ts'
import { heatmapPlot } from './heatmap-plot.ts'
import { histogramPlot } from './histogram-plot.ts'
import { intervalPlot } from './interval-plot.ts'
import { layerProfilePlot } from './layer-profile-plot.ts'
import { learningCurvePlot } from './learning-curve-plot.ts'
import { reliabilityPlot } from './reliability-plot.ts'
import { scatterPlot } from './scatter-plot.ts'
import { steeringCurvePlot } from './steering-curve-plot.ts'

const hostile = '</text><script>alert("1")</script>\u202e\u0007&'
const interval = { low: -1, high: 2 }

/** Every text a caller can give, given. */
const plots: Readonly<Record<string, (text: string) => Drawing>> = {
  'layer profile': text =>
    layerProfilePlot({
      title: text,
      description: text,
      rows: [1, 2, 3].map(layer => ({ layer, relativeNorm: layer, auc: 0.6, steeringEffect: 4 })),
      marks: [{ layer: 2, label: text }],
      headings: { auc: text },
    }),
  'steering curve': text =>
    steeringCurvePlot({
      title: text,
      description: text,
      doseLabel: text,
      scoreLabel: text,
      series: [text, `${text}2`].map(name => ({
        name,
        points: [{ dose: 0, score: 1, scoreInterval: interval, perplexity: 3, perplexityInterval: interval }],
      })),
      baselineScore: 1,
      perplexityLimit: 20,
      marks: [{ dose: 0, label: text }],
    }),
  scatter: text =>
    scatterPlot({
      title: text,
      description: text,
      xLabel: text,
      yLabel: text,
      levels: [text, `${text}2`],
      points: [
        { x: 0, y: 0, level: 0, label: text },
        { x: 1, y: 1, level: 1, label: text },
      ],
      fit: [0, 1].map(x => ({ x, y: x, confidence: interval, prediction: interval })),
      levelMeans: [{ level: 0, x: 0, y: 0, interval }],
      notes: [text],
    }),
  'correlation by layer': text =>
    correlationByLayerPlot({
      title: text,
      description: text,
      yLabel: text,
      series: [{ name: text, values: [1, 2].map(layer => ({ layer, r: 0.5, interval })) }],
      randomBand: [1, 2].map(layer => ({ layer, ...interval })),
      randomLabel: text,
      marks: [{ layer: 1, label: text, role: 'second' }],
    }),
  histogram: text =>
    histogramPlot({
      title: text,
      description: text,
      xLabel: text,
      groups: [{ name: text, values: [1, 2, 3] }],
      thresholds: [{ value: 2, label: text }],
    }),
  reliability: text =>
    reliabilityPlot({
      title: text,
      description: text,
      xLabel: text,
      yLabel: text,
      bins: [{ predicted: 1, observed: 2, interval, count: 3 }],
      notes: [text],
    }),
  'learning curve': text =>
    learningCurvePlot({
      title: text,
      description: text,
      xLabel: text,
      yLabel: text,
      series: [{ name: text, points: [{ x: 15, mean: 1, interval }] }],
      references: [{ value: 1, label: text }],
    }),
  interval: text =>
    intervalPlot({
      title: text,
      description: text,
      xLabel: text,
      groups: [text, `${text}2`].map(name => ({ name, estimates: [{ name: text, value: 1, interval }] })),
    }),
  heatmap: text =>
    heatmapPlot({
      title: text,
      description: text,
      valueLabel: text,
      labels: [text, `${text}2`],
      values: [
        [1, Number.NaN],
        [0.5, 1],
      ],
      poles: [text, text],
    }),
}

const empty: Readonly<Record<string, Drawing>> = {
  'layer profile': layerProfilePlot({ title: 't', rows: [] }),
  'steering curve': steeringCurvePlot({ title: 't', series: [] }),
  scatter: scatterPlot({ title: 't', xLabel: 'x', yLabel: 'y', levels: [], points: [] }),
  'correlation by layer': correlationByLayerPlot({ title: 't', series: [] }),
  histogram: histogramPlot({ title: 't', xLabel: 'x', groups: [{ name: 'none', values: [] }] }),
  reliability: reliabilityPlot({ title: 't', xLabel: 'x', yLabel: 'y', bins: [] }),
  'learning curve': learningCurvePlot({ title: 't', xLabel: 'x', yLabel: 'y', series: [] }),
  interval: intervalPlot({ title: 't', xLabel: 'x', groups: [] }),
  heatmap: heatmapPlot({ title: 't', valueLabel: 'v', labels: [], values: [] }),
}

describe.each(Object.entries(plots))('the %s plot', (name, plot) => {
  test('shows hostile texts as texts', () => {
    for (const width of widths) {
      const { markup } = draw(plot(hostile), width)
      expect(markup).not.toMatch(/<script|\u202e|\p{Cc}/u)
      expect(markup.match(/&lt;script/g)!.length).toBeGreaterThan(2)
      expect(unbalancedTags(markup)).toEqual([])
    }
  })

  test('draws very long texts within its width, and no text over another', () => {
    for (const text of ['score', 'a rather long name with many words in it, as people write them '.repeat(3)]) {
      for (const width of widths) {
        const boxes = textBoxes(draw(plot(text), width).markup)
        expect(boxes.length).toBeGreaterThan(3)
        for (const [index, box] of boxes.entries()) {
          expect(box.from, box.text).toBeGreaterThanOrEqual(-1)
          expect(box.to, box.text).toBeLessThanOrEqual(width + 1)
          for (const other of boxes.slice(index + 1)) {
            const isOver =
              box.from < other.to && other.from < box.to && box.top < other.bottom && other.top < box.bottom
            expect(isOver, `"${box.text}" and "${other.text}" at ${width}`).toBe(false)
          }
        }
      }
    }
  })

  test('gives the same bytes twice, in files too', () => {
    expect(draw(plot('a')).markup).toBe(draw(plot('a')).markup)
    expect(svgFile(plot('a'))).toBe(svgFile(plot('a')))
  })

  test('loads nothing', () => {
    expect(draw(plot('a')).markup).not.toMatch(/https?:|url\(|src=|href|<style|class=/)
  })

  test('has no number in it that is none, with data and without', () => {
    for (const drawing of [plot('a'), empty[name]!]) {
      for (const width of widths) expect(draw(drawing, width).markup).not.toMatch(/NaN|Infinity|undefined|null/)
    }
  })

  test('gives its numbers as a table of full rows', () => {
    const { numbers } = plot('a')
    expect(numbers!.rows.length).toBeGreaterThan(0)
    for (const row of numbers!.rows) expect(row).toHaveLength(numbers!.columns.length)
  })
})
