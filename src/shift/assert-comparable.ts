import { PersonascopeError } from '../errors/personascope-error.ts'

/** What a fine-tune leaves as it was. */
export interface ModelShape {
  readonly id: string
  readonly architecture: string
  readonly blockCount: number
  readonly hiddenSize: number
  readonly vocabularySize: number | undefined
  /** How text is split, for example gpt2/smollm; undefined where that is not known. */
  readonly tokenizer?: string | undefined
  /** sha256 of the template's text; undefined without one. */
  readonly chatTemplateHash: string | undefined
}

/**
 * Says whether two models can be compared: a direction of the one has to mean something in the other, and both have to
 * be shown the same tokens.
 * @throws MODEL_NO_CHAT_TEMPLATE, SHIFT_MODELS_DIFFER
 */
export function assertComparable(base: ModelShape, tuned: ModelShape): void {
  for (const { id, chatTemplateHash } of [base, tuned])
    if (chatTemplateHash === undefined) throw new PersonascopeError('MODEL_NO_CHAT_TEMPLATE', { model: id })
  const detail = differenceOf(base, tuned)
  if (detail !== undefined)
    throw new PersonascopeError('SHIFT_MODELS_DIFFER', { base: base.id, tuned: tuned.id, detail })
}

function differenceOf(base: ModelShape, tuned: ModelShape): string | undefined {
  const shapeOf = ({ architecture, blockCount, hiddenSize }: ModelShape) =>
    `${blockCount} blocks of ${hiddenSize} (${architecture})`
  if (shapeOf(base) !== shapeOf(tuned)) return `it has ${shapeOf(tuned)}, the base model ${shapeOf(base)}`
  if (base.vocabularySize !== tuned.vocabularySize)
    return `its vocabulary has ${tuned.vocabularySize} tokens, that of the base model ${base.vocabularySize}`
  if (base.tokenizer !== tuned.tokenizer)
    return `it splits text by ${tuned.tokenizer}, the base model by ${base.tokenizer}`
  if (base.chatTemplateHash !== tuned.chatTemplateHash) return 'its chat template is another one'
  return undefined
}
