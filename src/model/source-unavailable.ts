/**
 * Why one source could not give a model, in one short clause. It never reaches a user by itself: where every source
 * fails, their clauses become one MODEL_UNREACHABLE.
 */
export class SourceUnavailable extends Error {}
