import { SentimentIntensityAnalyzer } from 'vader-sentiment'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { emptyAnswer, isEmpty, type Judge, type JudgeItem, type Score } from './judge.ts'
import { prepareForVader } from './prepare-for-vader.ts'

/** Which feeling of the words counts as the trait. */
export type Lexicon = 'sentiment' | 'negative-sentiment'

/**
 * Scores answers by the feeling of their words (VADER, Hutto and Gilbert 2014): no model, no calls, the same score
 * every time. Knows English words, not what they are about, and says nothing of coherence.
 * @param lexicon `sentiment`: 0 as dark, 50 neutral, 100 as bright as words can be; `negative-sentiment`: the mirror
 */
export function createLexiconJudge(lexicon: Lexicon): Judge {
  return {
    id: `lexicon:${lexicon}`,
    description: `the feeling of the words (VADER)${lexicon === 'sentiment' ? '' : ', mirrored'}; no model is asked`,
    async score(items, { signal, onScore = () => {} } = {}) {
      return items.map((item, index) => {
        if (signal?.aborted) throw new PersonascopeError('JUDGE_ABORTED')
        const judgement = { expression: scoreItem(item, lexicon) }
        onScore(index, judgement)
        return judgement
      })
    },
    estimate: () => ({ calls: 0 }),
  }
}

/** VADER's compound value of a whole text, -1..1. */
export function sentimentOf(text: string): number {
  const hasValence = (word: string) => compound(word) !== 0
  return compound(prepareForVader(text, hasValence))
}

function scoreItem(item: JudgeItem, lexicon: Lexicon): Score {
  if (isEmpty(item)) return emptyAnswer
  return { status: 'scored', value: lexiconScore(sentimentOf(item.answer), lexicon), method: 'lexicon' }
}

/** The judge's score, 0..100, of a text with this sentiment, -1..1. */
export function lexiconScore(sentiment: number, lexicon: Lexicon): number {
  return ((lexicon === 'sentiment' ? sentiment : -sentiment) + 1) * 50
}

function compound(text: string): number {
  return SentimentIntensityAnalyzer.polarity_scores(text).compound
}
