/** What is known of a loaded model. */
export interface ModelInfo {
  /** The name it was opened under. */
  readonly id: string
  /** sha256 of the weights in use, in hexadecimal; with an adapter one of both files together. */
  readonly fileHash: string
  /** The LoRA adapter that lies over the weights, where there is one. */
  readonly adapter?: { readonly id: string; readonly fileHash: string }
  readonly architecture: string
  /** B: how many transformer blocks. Layers are 0..B. */
  readonly blockCount: number
  /** d: the width of the residual stream. */
  readonly hiddenSize: number
  readonly vocabularySize: number
  readonly parameterCount: number
  /** The longest context it was trained for. */
  readonly contextTokens: number
  /** How the weights are stored, for example Q8_0. */
  readonly weightFormat: string
  /** Whether layer 0, the token embedding, can be captured. */
  readonly embeddingLayer: boolean
  /** Undefined for a base model. */
  readonly chatTemplate: ChatTemplateInfo | undefined
}

export interface ChatTemplateInfo {
  /** sha256 of the template's text. */
  readonly hash: string
  /** `merged`: the template knows no system role, so the system text is put before the first user message. */
  readonly systemRole: 'native' | 'merged'
  /**
   * Whether the model writes a thought before its answer: `none` no; `switchable` it can be turned off, and is unless
   * asked for; `always` it cannot, so give `answerAfter` to keep the thought out of the answer.
   */
  readonly thinking: 'none' | 'switchable' | 'always'
}

/** What runs the model; goes into every artifact made with it. */
export interface EngineInfo {
  /** For example `llama` or `fake`. */
  readonly name: string
  /** Version and build of what computes. */
  readonly version: string
  /** How many sequences can run side by side in one context. */
  readonly slotsPerContext: number
  readonly contexts: number
  readonly threadsPerContext: number
}
