import { Document, isMap, isScalar, isSeq, type Node, type Pair, Scalar } from 'yaml'
import type { Trait } from '../trait.ts'

/** Who wrote a trait, from which words, and when. */
export interface TraitOrigin {
  readonly author: string
  readonly describe: string
  readonly seed: number
  readonly version: string
  readonly createdAt: string
}

/** What is said above each part. */
const comments: Partial<Record<keyof Trait, string>> = {
  contrastivePrompts:
    ' Contrastive system prompts: `positive` evokes the trait, `negative` suppresses it. Otherwise alike.',
  extractionQuestions: ' Asked under each of the prompts above; the vector is made from the answers.',
  evaluationQuestions:
    ' Asked under each prompt of the ladder; results are reported on the answers. Change them now or never: not after\n' +
    ' results were seen.',
  rubric:
    ' What an LLM judge is asked about one answer. {question} and {answer} are filled in; 50 is where the trait begins.\n' +
    ' Add `lexicon: sentiment` or `lexicon: negative-sentiment` only where counting feeling words measures the trait.',
  ladder:
    ' System prompts of graded strength, for experiments. None of their sentences stands in the contrastive prompts.',
}

/** A trait as the text of a YAML file, with comments for the person who reviews it. Reads back as the same trait. */
export function traitYaml(trait: Trait, { author, describe, seed, version, createdAt }: TraitOrigin): string {
  const document = new Document(trait)
  document.commentBefore = [
    ' A trait: what it is, how to evoke and suppress it, and what to ask. Every line may be edited.',
    ` Written by ${onOneLine(author)} with Personascope ${version}, seed ${seed}, ${createdAt.slice(0, 10)}, from:`,
    ` "${onOneLine(describe)}"`,
    ' Read every line before you use it, then run `personascope trait check`.',
  ].join('\n')
  const { contents } = document
  if (!isMap(contents)) throw new TypeError('a trait is a map')
  for (const pair of contents.items as Pair<Scalar<string>, Node>[]) {
    const comment = comments[pair.key.value as keyof Trait]
    if (comment !== undefined) {
      pair.key.commentBefore = comment
      pair.key.spaceBefore = true
    }
    if (pair.key.value !== 'name') styleTexts(pair.value!, pair.key.value === 'rubric')
  }
  return document.toString({ lineWidth: 118, minContentWidth: 20 })
}

/** Prompts stand in blocks beneath their names, questions on their line. */
function styleTexts(node: Node, literal: boolean): void {
  if (isScalar(node) && typeof node.value === 'string') node.type = literal ? Scalar.BLOCK_LITERAL : Scalar.BLOCK_FOLDED
  if (isMap(node)) for (const { value } of node.items) styleTexts(value as Node, literal)
  if (isSeq(node)) for (const item of node.items) if (isMap(item)) styleTexts(item, literal)
}

function onOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}
