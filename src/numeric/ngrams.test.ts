import { describe, expect, test } from 'vitest'
import { expectClose, readGolden } from '../../test/statistics/read-golden.ts'
import { fitNgrams, ngramVectors } from './ngrams.ts'
import { fitSparseClassifier, predictSparseRidge } from './sparse-ridge.ts'

const golden = readGolden<{
  readonly training: readonly string[]
  readonly unseen: readonly string[]
  readonly buckets: number
  readonly idf: readonly number[]
  readonly rows: readonly { readonly columns: readonly number[]; readonly values: readonly number[] }[]
}>('ngrams')

describe('n-grams', () => {
  const { training, unseen, buckets } = golden
  const model = fitNgrams(training, { buckets })

  test('weigh as much as those of scikit-learn', () => {
    expectClose(model.inverseFrequencies, golden.idf, 1e-14)
  })

  test('make the vectors that scikit-learn makes, of texts seen and unseen', () => {
    const matrix = ngramVectors(model, [...training, ...unseen])
    expect([matrix.rows, matrix.columns]).toEqual([golden.rows.length, buckets])
    for (const [i, { columns, values }] of golden.rows.entries()) {
      const [from, to] = [matrix.starts[i]!, matrix.starts[i + 1]!]
      expect([...matrix.entryColumns.subarray(from, to)]).toEqual(columns)
      expectClose(matrix.entryValues.subarray(from, to), values, 1e-13)
    }
  })

  test('of a text do not depend on the texts beside it', () => {
    const alone = ngramVectors(model, ['brown fox'])
    const beside = ngramVectors(model, ['another text', 'brown fox'])
    expect(beside.entryColumns.subarray(beside.starts[1])).toEqual(alone.entryColumns)
    expect(beside.entryValues.subarray(beside.starts[1])).toEqual(alone.entryValues)
  })

  test('seldom share one of the quarter of a million buckets', () => {
    const words = Array.from({ length: 5000 }, (_, i) => `${i}`.padStart(5, '0'))
    const full = fitNgrams(words, { shortest: 5, longest: 5 })
    expect(full.inverseFrequencies).toHaveLength(2 ** 18)
    const used = full.inverseFrequencies.filter(weight => weight < full.inverseFrequencies[0]!).length
    const buckets = Math.max(used, new Set(ngramVectors(full, words).entryColumns).size)
    // Chance alone puts 5000 into 2^18 (1 - e^(-5000/2^18)) = 4953 buckets.
    expect(buckets).toBeGreaterThan(4900)
  })

  test('tell two ways of speaking apart on texts that were not seen', () => {
    const kind = ['thank you so much', 'you are wonderful', 'what a lovely idea, thank you', 'so kind of you']
    const rude = ['shut up, fool', 'what a stupid idea', 'you fool, get lost', 'that is stupid, shut it']
    const vectors = fitNgrams([...kind, ...rude])
    const labels = [...kind, ...rude].map((_, i) => i < kind.length)
    const classifier = fitSparseClassifier(ngramVectors(vectors, [...kind, ...rude]), labels, 0.1)!
    const [first, second] = predictSparseRidge(classifier, ngramVectors(vectors, ['thank you, lovely', 'stupid fool']))
    expect(first).toBeGreaterThan(0)
    expect(second).toBeLessThan(0)
  })

  test('refuse buckets that are no power of two and lengths that do not rise', () => {
    expect(() => fitNgrams([], { buckets: 1000 })).toThrow('expected a power of two up to 262144 as buckets, got 1000')
    expect(() => fitNgrams([], { shortest: 3, longest: 2 })).toThrow('got 3 to 2')
  })
})
