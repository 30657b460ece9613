import { execFile } from 'node:child_process'
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { cpuFlags } from '../engine/llama/native/cpu-flags.ts'
import { locateLibrary, missingCudaPackage } from '../engine/llama/native/locate-library.ts'
import { runNativeTask } from '../engine/llama/process/run-native-task.ts'
import { recallContexts, recallFormat } from '../engine/llama/tuning/machine-notes.ts'
import { textOf } from '../errors/personascope-error.ts'
import { checkSources } from '../model/check-sources.ts'
import { listModels } from '../model/list-models.ts'

/** One thing that was looked at. */
export interface Finding {
  /** `bad`: something will not work. `note`: something could be better. */
  readonly status: 'good' | 'note' | 'bad'
  readonly what: string
  readonly detail: string
  readonly remedy?: string
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

/** Instruction sets for which a build of one's own was measured to pay. */
const payingFlags = ['avx512_bf16', 'avx512_vnni', 'amx_tile']

/** Looks at all that Personascope needs: the CPU, the engine, memory, models and where they come from. Fails at nothing. */
export async function examineMachine(): Promise<Finding[]> {
  const [engine, sources, models, tools] = await Promise.all([
    examineEngine(),
    checkSources(),
    examineModels(),
    missingTools(),
  ])
  return [
    {
      status: 'good',
      what: 'machine',
      detail: `${platform()} ${arch()}, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}`,
    },
    examineMemory(),
    ...engine,
    examineNativeBuild(tools),
    ...models,
    examinePip(sources.pip),
    examineHub(sources.hub),
    ...sources.caches.map(examineCache),
  ]
}

function examineMemory(): Finding {
  const detail = `${availableParallelism()} cores, ${gigabytes(freemem())} of ${gigabytes(totalmem())} memory free`
  if (freemem() > 1.5e9) return { status: 'good', what: 'memory', detail }
  return {
    status: 'note',
    what: 'memory',
    detail,
    remedy: 'The default model needs up to 1.5 GB in all: close something, or use --contexts 1.',
  }
}

async function examineEngine(): Promise<Finding[]> {
  try {
    const { origin, directory } = locateLibrary()
    const result = await runNativeTask({ kind: 'inspect-library', libraryDirectory: directory })
    const says = 'systemInfo' in result ? result.systemInfo.replace(/ = 1/g, '').replaceAll(' |', '').trim() : ''
    const gpus = 'gpus' in result ? result.gpus : []
    return [{ status: 'good', what: 'llama.cpp', detail: `${origin}: ${says}` }, ...examineGpu(gpus)]
  } catch (error) {
    return [{ status: 'bad', what: 'llama.cpp', detail: textOf(error) }]
  }
}

function examineGpu(gpus: readonly string[]): Finding[] {
  if (gpus.length > 0) return [{ status: 'good', what: 'GPU', detail: `${gpus.join(', ')}, in use` }]
  const missing = missingCudaPackage()
  if (!missing) return []
  const remedy = `Install its library with \`npm install ${missing}\`.`
  return [{ status: 'note', what: 'GPU', detail: 'an NVIDIA GPU is here and not used', remedy }]
}

function examineNativeBuild(missing: readonly string[]): Finding {
  const what = 'native build'
  try {
    const { origin } = locateLibrary()
    if (origin === 'cuda') return { status: 'good', what, detail: 'not needed: the GPU computes' }
    if (origin === 'native') return { status: 'good', what, detail: 'made for this CPU, in use' }
  } catch {
    return { status: 'note', what, detail: 'none' }
  }
  const flags = cpuFlags().split(' ')
  const paying = payingFlags.filter(flag => flags.includes(flag))
  if (paying.length === 0) return { status: 'good', what, detail: 'none; it was not measured to pay on such a CPU' }
  const remedy =
    missing.length === 0
      ? 'Make it with `personascope engine build`: a few minutes, once.'
      : `Install ${missing.join(', ')}, then run \`personascope engine build\`.`
  return { status: 'note', what, detail: `none; it pays on this CPU (${paying.join(', ')})`, remedy }
}

/** Of the tools a native build needs, those that are not installed. */
async function missingTools(): Promise<string[]> {
  const tools = ['npm', 'git', 'cmake', 'c++', 'tar']
  const found = await Promise.all(
    tools.map(tool =>
      promisify(execFile)(tool, ['--version']).then(
        () => true,
        () => false,
      ),
    ),
  )
  return tools.filter((_, index) => !found[index])
}

async function examineModels(): Promise<Finding[]> {
  const here = (await listModels()).filter(({ path }) => path !== undefined)
  if (here.length === 0) {
    return [
      {
        status: 'note',
        what: 'models',
        detail: 'none on this machine yet',
        remedy: 'Get the default one with `personascope model pull`.',
      },
    ]
  }
  return await Promise.all(
    here.map(
      async ({ model }) =>
        ({ status: 'good', what: 'model', detail: await describeModel(model.id, model.file.sha256) }) as const,
    ),
  )
}

async function describeModel(id: string, hash: string | null): Promise<string> {
  const library = locateLibrary().id
  const format = hash === null ? undefined : await recallFormat(library, hash)
  if (!format) return `${id}: not measured on this machine yet`
  const speeds = Object.entries(format.tokensPerSecond).map(([name, speed]) => `${name} ${speed}`)
  const contexts = await recallContexts(library, format.fileHash)
  const chosen = contexts ? `, ${contexts.contexts} contexts x ${contexts.threadsPerContext} threads` : ''
  return `${id}: weights ${format.format}${chosen} (tokens/s measured: ${speeds.join(', ')})`
}

type Sources = Awaited<ReturnType<typeof checkSources>>

function examinePip(pip: Sources['pip']): Finding {
  if (pip.found) return { status: 'good', what: 'pip', detail: `${pip.command} ${pip.version}` }
  const remedy = 'Only needed to get the default model where the hub is not reachable: install python3-pip.'
  return { status: 'note', what: 'pip', detail: 'not found', remedy }
}

function examineHub({ url, reachable, detail, durationMs }: Sources['hub']): Finding {
  if (reachable) return { status: 'good', what: 'hub', detail: `${url} answers in ${durationMs} ms` }
  const remedy = 'Models come from the cache or from Python packages; or give a file with --model file:<path>.'
  return { status: 'note', what: 'hub', detail: `${url}: ${detail}`, remedy }
}

function examineCache({ path, writable, detail, freeBytes }: Sources['caches'][number]): Finding {
  if (!writable) {
    return {
      status: 'bad',
      what: 'cache',
      detail: `${path}: ${detail}`,
      remedy: 'Name another place with PERSONASCOPE_CACHE (or HF_HOME).',
    }
  }
  const free = freeBytes === undefined ? '' : `, ${gigabytes(freeBytes)} free`
  return { status: 'good', what: 'cache', detail: `${path}${free}` }
}
