import type { ForwardResult } from '../../contract/forward.ts'
import type { AnswerDelta, GenerateResult } from '../../contract/generate.ts'
import type { PreparedRequest } from '../../request/prepared-request.ts'

/** A request on its way through a worker. */
export interface WorkItem {
  readonly id: number
  readonly request: PreparedRequest
}

/**
 * What a worker is given. A `single` shares passes with whatever else runs; where it is reproducible, these have the
 * same kernels whatever that is. A `group` has the worker to itself and
 * runs in an order that depends on the group alone.
 */
export type Work =
  | { readonly kind: 'single'; readonly item: WorkItem; readonly reproducible: boolean }
  | { readonly kind: 'group'; readonly items: readonly WorkItem[] }

/** What a worker says about its work. */
export interface WorkListener {
  onReading(id: number, promptLast: Record<string, number>): void
  onDelta(id: number, delta: AnswerDelta): void
  onResult(id: number, result: GenerateResult | ForwardResult): void
  onError(id: number, error: unknown): void
}
