import { type Lexicon, lexiconScore, sentimentOf } from '../judge/lexicon-judge.ts'
import { fitNgrams, ngramVectors } from '../numeric/ngrams.ts'
import { fitSparseClassifier, predictSparseRidge } from '../numeric/sparse-ridge.ts'
import type { TextControls } from './row-scores.ts'

/** An answer the vector was made from, and whether it was evoked. */
export interface ExtractionAnswer {
  readonly text: string
  readonly positive: boolean
}

/** Tells the trait's answers from others by their character n-grams: above 0 where it says so. */
export type NgramClassifier = (texts: readonly string[]) => Float64Array

/** Of rows scaled to length 1; fixed beforehand. */
const penalty = 1
/** Fewer answers on a side teach nothing. */
const fewestAnswers = 5

/** A classifier trained on the answers a vector was made from; undefined where they are too few. */
export function trainClassifier(answers: readonly ExtractionAnswer[]): NgramClassifier | undefined {
  const positives = answers.filter(({ positive }) => positive).length
  if (positives < fewestAnswers || answers.length - positives < fewestAnswers) return undefined
  const texts = answers.map(({ text }) => text)
  const ngrams = fitNgrams(texts)
  const labels = answers.map(({ positive }) => positive)
  const model = fitSparseClassifier(ngramVectors(ngrams, texts), labels, penalty)
  return model && (rows => predictSparseRidge(model, ngramVectors(ngrams, rows)))
}

/**
 * What the text of responses tells without the model.
 * @param classifiers by trait
 * @param lexicons by trait, the word list of its judge
 */
export function textControls(
  responses: readonly string[],
  classifiers: readonly (NgramClassifier | undefined)[],
  lexicons: readonly (Lexicon | undefined)[],
): TextControls[] {
  const ngrams = classifiers.map(classify => classify?.(responses))
  return responses.map((text, index) => {
    const sentiment = sentimentOf(text.slice(0, readBySentiment))
    return {
      sentiment,
      ngrams: ngrams.map(values => values?.[index] ?? null),
      judge: lexicons.map(lexicon => (lexicon ? lexiconScore(sentiment, lexicon) : null)),
    }
  })
}

/** Feeling is told from the beginning of very long texts: the lexicon looks at every word more than once. */
const readBySentiment = 20_000
