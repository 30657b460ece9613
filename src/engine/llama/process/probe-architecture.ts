import { PersonascopeError } from '../../../errors/personascope-error.ts'
import type { NativeLibrary } from '../native/load-library.ts'
import { NativeContext } from '../native/native-context.ts'
import type { NativeModel } from '../native/native-model.ts'

/** Nodes that carry the token embedding, in the order in which a graph may refine it. */
const embeddingNodes = new Set(['embd', 'inp_embd', 'inp_scaled', 'inp_embd_scaled'])

export interface ProbedArchitecture {
  /** The node that is layer 0: what the first block reads. Undefined where the graph does something unknown before it. */
  readonly embeddingNode: string | undefined
}

interface SeenNode {
  readonly name: string
  readonly rows: number
  readonly width: number
}

/**
 * Runs three tokens through the model and looks whether every block has a plain output, [tokens, d].
 * @throws MODEL_ARCHITECTURE_UNSUPPORTED
 */
export function probeArchitecture(library: NativeLibrary, model: NativeModel, path: string): ProbedArchitecture {
  const refuse = (detail: string) => {
    const architecture = model.metadata('general.architecture') ?? 'unknown'
    return new PersonascopeError('MODEL_ARCHITECTURE_UNSUPPORTED', { architecture, path, detail })
  }
  if (model.unsupported) throw refuse(model.unsupported)
  const tokens = 3
  const { asked, outputs } = lookAtGraph(library, model, tokens)
  for (let block = 0; block < model.blockCount; block++) {
    const name = `l_out-${block}`
    const output = outputs.get(name)
    if (!output) throw refuse(`block ${block} has no output named ${name}`)
    if (output.rows !== tokens || output.width !== model.hiddenSize) {
      throw refuse(`${name} is ${output.rows} x ${output.width}, not ${tokens} x ${model.hiddenSize}`)
    }
  }
  return { embeddingNode: embeddingNodeOf(asked) }
}

function lookAtGraph(library: NativeLibrary, model: NativeModel, tokens: number) {
  const asked: string[] = []
  const outputs = new Map<string, SeenNode>()
  const context = new NativeContext(library, model, {
    slots: 1,
    tokensPerSlot: 256,
    threads: 1,
    rowsPerPass: 32,
    logitRowsPerPass: tokens,
    onNode(tensor, ask) {
      const name = library.tensorName(tensor)
      if (ask) {
        asked.push(name)
        return name.startsWith('l_out-')
      }
      const rows = Number(library.tensorRows(tensor))
      outputs.set(name, { name, rows, width: Number(library.tensorElements(tensor)) / rows })
      return true
    },
  })
  try {
    context.decode(
      Array.from({ length: tokens }, (_, position) => ({ token: position, position, slot: 0, wantsLogits: true })),
    )
  } finally {
    context.close()
  }
  return { asked, outputs }
}

/** The last embedding node before the first block, if nothing unknown stands between. */
function embeddingNodeOf(asked: readonly string[]): string | undefined {
  const before = asked.slice(
    0,
    asked.findIndex(name => /-0( |$)/.test(name)),
  )
  return before.every(name => embeddingNodes.has(name)) ? before.at(-1) : undefined
}
