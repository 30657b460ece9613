/** The most rows of one pass: above this, weights are read often enough that longer passes gain nothing. */
export const rowsPerPass = 512

/** The most rows of one pass with logits. Each takes 4 bytes for every token of the vocabulary. */
export const logitRowsPerPass = 64
