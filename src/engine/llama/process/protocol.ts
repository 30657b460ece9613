/** What the parent and the engine process say to each other. All of it is plain data. */
import type { ErrorMessage } from '../../../errors/personascope-error.ts'
import type { ForwardResult } from '../../contract/forward.ts'
import type { AnswerDelta, GenerateResult } from '../../contract/generate.ts'
import type { TokenId } from '../../contract/prompt.ts'
import type { TextPart } from '../../request/chat-text.ts'
import type { Work } from '../worker/work.ts'

export interface OpenOptions {
  readonly libraryDirectory: string
  readonly modelPath: string
  /** A LoRA adapter for it. */
  readonly adapterPath: string | undefined
  readonly contexts: number
  readonly threadsPerContext: number
  /** The most sequences side by side in one context. */
  readonly slotsPerContext: number
  /** How many tokens the sequences of one context may hold together. */
  readonly tokensPerContext: number
  /** How many bytes of computed prompt beginnings each context keeps. */
  readonly prefixBytesPerContext: number
}

/** What the engine process found when it opened a model. */
export interface OpenedModel {
  readonly architecture: string
  readonly blockCount: number
  readonly hiddenSize: number
  readonly vocabularySize: number
  readonly parameterCount: number
  readonly contextTokens: number
  readonly weightFormat: string
  readonly embeddingLayer: boolean
  readonly chatTemplate: string | undefined
  readonly specialTexts: readonly string[]
  readonly beginText: string
  readonly endText: string
  readonly systemInfo: string
  readonly version: string
}

export interface TextToTokenize extends TextPart {
  /** `begin`: put the model's begin token first where the model wants one and the text does not have it already. */
  readonly begin: boolean
}

export type ToEngine =
  | { readonly type: 'open'; readonly options: OpenOptions }
  | { readonly type: 'tokenize'; readonly call: number; readonly texts: readonly TextToTokenize[] }
  | { readonly type: 'detokenize'; readonly call: number; readonly tokens: readonly TokenId[] }
  | { readonly type: 'work'; readonly work: Work }
  | { readonly type: 'abort'; readonly ids: readonly number[] }
  | { readonly type: 'close' }

export type FromEngine =
  | { readonly type: 'opened'; readonly model: OpenedModel }
  | { readonly type: 'open-failed'; readonly error: ErrorMessage }
  | { readonly type: 'tokenized'; readonly call: number; readonly tokens: readonly (readonly TokenId[])[] }
  | { readonly type: 'detokenized'; readonly call: number; readonly text: string }
  | FromWorker

/** What a worker says about its requests; passed on to the parent as it stands. */
export type FromWorker =
  | { readonly type: 'reading'; readonly id: number; readonly promptLast: Readonly<Record<string, number>> }
  | { readonly type: 'delta'; readonly id: number; readonly delta: AnswerDelta }
  | { readonly type: 'result'; readonly id: number; readonly result: GenerateResult | ForwardResult }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorMessage }
