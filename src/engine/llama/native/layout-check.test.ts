import { describe, expect, test } from 'vitest'
import { findLayoutFault, type LayoutProbes } from './layout-check.ts'
import { expectedContextDefaults, expectedModelDefaults, expectedQuantizeDefaults } from './structs.ts'

const probes = (more: { model?: object; context?: object; quantize?: object } = {}) =>
  ({
    modelDefaults: () => ({ ...expectedModelDefaults, ...more.model }),
    contextDefaults: () => ({ ...expectedContextDefaults, ...more.context }),
    quantizeDefaults: () => ({ ...expectedQuantizeDefaults, ...more.quantize }),
  }) as unknown as LayoutProbes

describe('the layout check', () => {
  test('accepts the structs this version is written for', () => {
    expect(findLayoutFault(probes())).toBeUndefined()
  })

  test.each([
    [{ model: { n_gpu_layers: 0 } }, 'n_gpu_layers'],
    [{ context: { n_seq_max: 512 } }, 'n_seq_max'],
    [{ context: { ctx_other: 5n } }, 'ctx_other'],
    [{ context: { type_k: 0 } }, 'type_k'],
    [{ quantize: { ftype: 0 } }, 'ftype'],
  ])('names the field that is not as expected: %o', (wrong, field) => {
    expect(findLayoutFault(probes(wrong))?.field).toContain(field)
  })
})
