import { expectedContextDefaults, expectedModelDefaults, expectedQuantizeDefaults } from './structs.ts'
import type { NativeFunctions } from './symbols.ts'

export interface LayoutFault {
  readonly field: string
  readonly expected: string
  readonly got: string
}

/** The functions whose answers show how the structs are laid out. */
export type LayoutProbes = Pick<NativeFunctions, 'modelDefaults' | 'contextDefaults' | 'quantizeDefaults'>

/**
 * Compares the structs a library gives with those this version is written for. Their defaults are known and spread
 * over the whole struct, so a field that was moved, added or resized shows as a default that is not.
 */
export function findLayoutFault(functions: LayoutProbes): LayoutFault | undefined {
  const checks = [
    [functions.modelDefaults(), expectedModelDefaults],
    [functions.contextDefaults(), expectedContextDefaults],
    [functions.quantizeDefaults(), expectedQuantizeDefaults],
  ] as const
  for (const [got, expected] of checks) {
    for (const [field, value] of Object.entries(expected)) {
      const actual = (got as Readonly<Record<string, unknown>>)[field]
      if (actual !== value) return { field: `default of ${field}`, expected: String(value), got: String(actual) }
    }
  }
  return undefined
}
