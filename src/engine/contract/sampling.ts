/**
 * How the next token is drawn. Order: temperature, then min-p, top-k, top-p on the tempered distribution
 * (the order of vLLM).
 */
export interface Sampling {
  /** 0 takes the most probable token; 1 (the default) draws from the model's own distribution. */
  readonly temperature?: number
  /** Keep the k most probable tokens; 0 or absent keeps all. */
  readonly topK?: number
  /** Keep the most probable tokens until their mass reaches p; 1 or absent keeps all. */
  readonly topP?: number
  /** Keep tokens with at least this fraction of the most probable one's probability; 0 or absent keeps all. */
  readonly minP?: number
  /** The same seed, prompt, steering and settings give the same tokens. Default 0. */
  readonly seed?: number
}
