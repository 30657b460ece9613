import { distinctiveStems } from './distinctive-words.ts'
import type { Trait } from './trait.ts'
import { type TraitProblem, type TraitProblemKind, traitProblem } from './trait-problem.ts'
import { areRelatedStems, isCommonWord, normalised, overlapOf, stemOf, topicStems, wordsOf } from './words.ts'

const sets = { extractionQuestions: 'Extraction', evaluationQuestions: 'Evaluation', forecastQuestions: 'Forecast' }
type QuestionSet = keyof typeof sets

interface Question {
  readonly set: QuestionSet
  readonly text: string
  readonly place: string
  /** For people, for example `Evaluation question 4`. */
  readonly label: string
  readonly plain: string
  readonly topic: ReadonlySet<string>
}

/** From this share of common topic words on, two questions count as nearly the same. */
const nearlySame = 0.6

/** Questions asked twice, questions measured on although something was made from them, and telling questions. */
export function checkQuestions(trait: Trait): TraitProblem[] {
  const questions = (Object.keys(sets) as QuestionSet[]).flatMap(set => questionsOf(trait, set))
  return [...checkRepetitions(questions), ...checkTelling(trait, questions)]
}

function questionsOf(trait: Trait, set: QuestionSet): Question[] {
  return (trait[set] ?? []).map((text, index) => ({
    set,
    text,
    place: `${set}[${index}]`,
    label: `${sets[set]} question ${index + 1}`,
    plain: normalised(text),
    topic: topicStems(text),
  }))
}

function checkRepetitions(questions: readonly Question[]): TraitProblem[] {
  const problems: TraitProblem[] = []
  for (const [index, later] of questions.entries()) {
    for (const earlier of questions.slice(0, index)) {
      const kind = repetitionKind(earlier, later)
      const places = [later.place, earlier.place]
      const other = earlier.label.toLowerCase()
      if (kind === undefined) continue
      if (later.plain === earlier.plain) {
        problems.push(traitProblem(kind, places, `${later.label} is ${other} again: "${later.text}".`))
      } else if (overlapOf(later.topic, earlier.topic) >= nearlySame) {
        const message = `${later.label} ("${later.text}") is nearly ${other} ("${earlier.text}").`
        problems.push(traitProblem('question-near-duplicate', places, message))
      }
    }
  }
  return problems
}

/** The problem two equal questions are; undefined where they may be equal: a forecaster may learn from extraction. */
function repetitionKind(a: Question, b: Question): TraitProblemKind | undefined {
  if (a.set === b.set) return 'question-duplicate'
  if (a.set !== 'evaluationQuestions' && b.set !== 'evaluationQuestions') return undefined
  const other = a.set === 'evaluationQuestions' ? b.set : a.set
  return other === 'extractionQuestions' ? 'evaluation-question-extracted' : 'evaluation-question-forecast'
}

/** Questions that bring up the trait, so that answers speak of it whatever the model's character. */
function checkTelling(trait: Trait, questions: readonly Question[]): TraitProblem[] {
  const name = wordsOf(trait.name.replaceAll('-', ' '))
  const nameStems = name.filter(word => !isCommonWord(word) && word.length > 2).map(stemOf)
  const distinctive = distinctiveStems(trait)
  return questions.flatMap(({ text, place, label }) => {
    // "What kind of" is no question about kindness.
    const words = wordsOf(text.replace(/\b(?:kind|sort)s? of\b/gi, ' '))
    if (` ${words.join(' ')} `.includes(` ${name.join(' ')} `))
      return [traitProblem('question-names-trait', [place], `${label} names the trait itself: "${text}".`)]
    const telling = words.find(word => {
      const stem = stemOf(word)
      return !isCommonWord(word) && (nameStems.some(own => areRelatedStems(own, stem)) || distinctive.has(stem))
    })
    if (telling === undefined) return []
    const message = `${label} holds "${telling}", a word of the trait itself: "${text}".`
    return [traitProblem('question-hints-trait', [place], message)]
  })
}
