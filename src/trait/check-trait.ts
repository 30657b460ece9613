import { PersonascopeError } from '../errors/personascope-error.ts'
import { checkLadder } from './check-ladder.ts'
import { checkQuestions } from './check-questions.ts'
import type { LoadedTrait } from './load-trait.ts'
import type { Trait } from './trait.ts'
import { type TraitProblem, traitProblem } from './trait-problem.ts'
import { normalised } from './words.ts'

const usualCounts = { contrastivePrompts: 5, extractionQuestions: 20, evaluationQuestions: 20, ladder: 7 } as const
const longestText = 2000
const greatestLengthRatio = 2
const namedAtOnce = 3

/**
 * What is wrong with a trait beyond its form: what would make measurements false is an error, what would make them
 * weaker a warning. No problems means none that can be seen without a model.
 */
export function checkTrait(trait: Trait): TraitProblem[] {
  return [
    ...checkTexts(trait),
    ...checkCounts(trait),
    ...checkPairs(trait),
    ...checkQuestions(trait),
    ...checkRubric(trait),
    ...checkLadder(trait),
  ]
}

/**
 * Lets a trait without errors pass, whatever warnings it has.
 * @throws TRAIT_INVALID naming the first errors
 */
export function assertTraitUsable({ trait, path }: LoadedTrait): void {
  const errors = checkTrait(trait).filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return
  const named = errors.slice(0, namedAtOnce).map(({ message }) => message.replace(/\.$/, ''))
  const more = errors.length - named.length
  const detail = `${named.join('; ')}${more > 0 ? `; and ${more} more (see \`personascope trait check\`)` : ''}`
  throw new PersonascopeError('TRAIT_INVALID', { path, detail })
}

function checkTexts(trait: Trait): TraitProblem[] {
  return textsOf(trait).flatMap(([place, text]) => {
    if (text.trim() === '') return [traitProblem('text-empty', [place], `${place} is empty.`)]
    if (text.length <= longestText) return []
    const message = `${place} has ${text.length} characters; keep it to ${longestText}.`
    return [traitProblem('text-too-long', [place], message)]
  })
}

/** Every text of the trait and its place. */
function textsOf(trait: Trait): [place: string, text: string][] {
  const { contrastivePrompts, ladder } = trait
  const questionSets = ['extractionQuestions', 'evaluationQuestions', 'forecastQuestions'] as const
  return [
    ['description', trait.description],
    ...contrastivePrompts.flatMap(({ positive, negative }, index): [string, string][] => [
      [`contrastivePrompts[${index}].positive`, positive],
      [`contrastivePrompts[${index}].negative`, negative],
    ]),
    ...questionSets.flatMap(set =>
      (trait[set] ?? []).map((question, index): [string, string] => [`${set}[${index}]`, question]),
    ),
    ['rubric', trait.rubric],
    ...ladder.map(({ prompt }, index): [string, string] => [`ladder[${index}].prompt`, prompt]),
  ]
}

function checkCounts(trait: Trait): TraitProblem[] {
  return Object.entries(usualCounts).flatMap(([part, usual]) => {
    const count = trait[part as keyof typeof usualCounts].length
    if (count === usual) return []
    return [traitProblem('count-unusual', [part], `${part} has ${count} entries; ${usual} is usual.`)]
  })
}

function checkPairs({ contrastivePrompts }: Trait): TraitProblem[] {
  const problems: TraitProblem[] = []
  const seen = new Map<string, number>()
  for (const [index, { positive, negative }] of contrastivePrompts.entries()) {
    const place = `contrastivePrompts[${index}]`
    const [evoking, suppressing] = [normalised(positive), normalised(negative)]
    if (evoking === suppressing)
      problems.push(traitProblem('pair-same-text', [place], `Pair ${index + 1} has the same text on both sides.`))
    const pair = `${evoking}\n${suppressing}`
    const earlier = seen.get(pair)
    if (earlier !== undefined) {
      const message = `Pair ${index + 1} is the same as pair ${earlier + 1}.`
      problems.push(traitProblem('pair-duplicate', [place, `contrastivePrompts[${earlier}]`], message))
    }
    seen.set(pair, index)
    const ratio = Math.max(positive.length, negative.length) / Math.max(1, Math.min(positive.length, negative.length))
    if (ratio > greatestLengthRatio) {
      const longer = positive.length > negative.length ? 'positive' : 'negative'
      const message = `In pair ${index + 1} the ${longer} prompt is ${ratio.toFixed(1)} times as long as the other.`
      problems.push(traitProblem('pair-lopsided', [place], message))
    }
  }
  return problems
}

function checkRubric({ rubric }: Trait): TraitProblem[] {
  const problems: TraitProblem[] = []
  for (const place of ['{question}', '{answer}'])
    if (!rubric.includes(place))
      problems.push(traitProblem('rubric-place-missing', ['rubric'], `The rubric has no place ${place}.`))
  for (const [place] of rubric.matchAll(/\{\w+\}/g))
    if (place !== '{question}' && place !== '{answer}')
      problems.push(traitProblem('rubric-place-unknown', ['rubric'], `The rubric's ${place} is filled by nothing.`))
  if (!/\b0\b/.test(rubric) || !/\b100\b/.test(rubric))
    problems.push(
      traitProblem('rubric-scale-missing', ['rubric'], 'The rubric does not say that it goes from 0 to 100.'),
    )
  return problems
}
