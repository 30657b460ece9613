import { cacheDirectory } from '../../../store/cache-directory.ts'
import { readJsonFile, writeJsonFile } from '../../../store/json-file.ts'

/** How many contexts of how many threads run a model fastest here. */
export interface ContextChoice {
  readonly contexts: number
  readonly threadsPerContext: number
  /** What every candidate reached, as `contexts x threads`, in tokens per second. */
  readonly tokensPerSecond: Readonly<Record<string, number>>
  readonly date: string
}

/** Which weight format is fastest here. */
export interface FormatChoice {
  readonly format: string
  /** sha256 of the weights in that format. */
  readonly fileHash: string
  readonly tokensPerSecond: Readonly<Record<string, number>>
  readonly date: string
}

/** What was measured on this machine, by the library and CPU it was measured with. */
interface MachineNotes {
  readonly contexts?: Readonly<Record<string, ContextChoice>>
  readonly formats?: Readonly<Record<string, FormatChoice>>
}

const notesPath = () => cacheDirectory('machine.json')

export async function recallContexts(libraryId: string, modelHash: string): Promise<ContextChoice | undefined> {
  return (await read()).contexts?.[`${libraryId} ${modelHash}`]
}

export async function rememberContexts(libraryId: string, modelHash: string, choice: ContextChoice): Promise<void> {
  const notes = await read()
  await writeJsonFile(notesPath(), { ...notes, contexts: { ...notes.contexts, [`${libraryId} ${modelHash}`]: choice } })
}

export async function recallFormat(libraryId: string, modelHash: string): Promise<FormatChoice | undefined> {
  return (await read()).formats?.[`${libraryId} ${modelHash}`]
}

export async function rememberFormat(libraryId: string, modelHash: string, choice: FormatChoice): Promise<void> {
  const notes = await read()
  await writeJsonFile(notesPath(), { ...notes, formats: { ...notes.formats, [`${libraryId} ${modelHash}`]: choice } })
}

/** Notes are a convenience: unreadable ones are measured again. */
async function read(): Promise<MachineNotes> {
  return (await readJsonFile<MachineNotes>(notesPath()).catch(() => undefined)) ?? {}
}
