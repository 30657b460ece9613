import { distinctiveStems } from './distinctive-words.ts'
import type { Trait } from './trait.ts'
import { type TraitProblem, traitProblem } from './trait-problem.ts'
import { isCommonWord, normalised, stemOf, wordsOf } from './words.ts'

/** Steps out of order, a missing middle, and prompts that are not of the ladder's own. */
export function checkLadder(trait: Trait): TraitProblem[] {
  return [...checkLevels(trait), ...checkPrompts(trait), ...checkNeutral(trait)]
}

function checkLevels({ ladder }: Trait): TraitProblem[] {
  const problems: TraitProblem[] = []
  for (const [index, { level }] of ladder.entries()) {
    const before = ladder[index - 1]?.level
    if (before === undefined || level > before) continue
    const message = `Ladder levels must rise from entry to entry, but ${level} follows ${before}.`
    problems.push(traitProblem('ladder-not-ascending', [`ladder[${index}].level`], message))
  }
  if (!ladder.some(({ level }) => level === 0))
    problems.push(traitProblem('ladder-no-neutral', ['ladder'], 'The ladder has no neutral level 0.'))
  return problems
}

function checkPrompts({ ladder, contrastivePrompts }: Trait): TraitProblem[] {
  const problems: TraitProblem[] = []
  const sentences = new Map<string, string>()
  for (const [index, pair] of contrastivePrompts.entries())
    for (const side of ['positive', 'negative'] as const)
      for (const sentence of sentencesOf(pair[side])) sentences.set(sentence, `contrastivePrompts[${index}].${side}`)
  const seen = new Map<string, number>()
  for (const [index, { level, prompt }] of ladder.entries()) {
    const place = `ladder[${index}].prompt`
    const plain = normalised(prompt)
    const earlier = seen.get(plain)
    if (earlier !== undefined) {
      const message = `Ladder levels ${ladder[earlier]!.level} and ${level} have the same prompt.`
      problems.push(traitProblem('ladder-duplicate', [place, `ladder[${earlier}].prompt`], message))
    }
    seen.set(plain, index)
    const reused = sentencesOf(prompt).find(sentence => sentences.has(sentence))
    if (reused === undefined || level === 0) continue
    const message = `Ladder level ${level} repeats a sentence of a contrastive prompt: "${reused}".`
    problems.push(traitProblem('ladder-reuses-prompt', [place, sentences.get(reused)!], message))
  }
  return problems
}

/** Sentences of more than two words, without case and punctuation. */
function sentencesOf(text: string): string[] {
  return text
    .split(/[.!?;:]+/)
    .map(normalised)
    .filter(sentence => sentence.split(' ').length > 2)
}

function checkNeutral(trait: Trait): TraitProblem[] {
  const distinctive = distinctiveStems(trait)
  const name = stemOf(trait.name)
  return trait.ladder.flatMap(({ level, prompt }, index) => {
    if (level !== 0) return []
    const telling = wordsOf(prompt).find(
      word => !isCommonWord(word) && (distinctive.has(stemOf(word)) || stemOf(word) === name),
    )
    if (telling === undefined) return []
    const message = `Ladder level 0 should be neutral, but holds "${telling}", a word of the trait itself.`
    return [traitProblem('ladder-neutral-hints-trait', [`ladder[${index}].prompt`], message)]
  })
}
