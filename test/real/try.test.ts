import { describeEngine } from '../../src/engine/engine.case.ts'
import { openLlamaEngine } from '../../src/engine/llama/open-llama-engine.ts'

describeEngine({
  name: 'llama',
  open: () =>
    openLlamaEngine(
      { id: 'smol', path: '/tmp/probe/m/smol-Q8_0.gguf', hash: 'x' },
      { contexts: 2, threadsPerContext: 1 },
    ),
  tolerance: 0,
})
