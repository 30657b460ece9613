import type { PersonaVector } from '../vector/persona-vector.ts'
import { listVectors, readVector, vectorPath } from '../vector/vector-file.ts'

/** The vectors a server has, by name. */
export interface VectorShelf {
  names(): Promise<readonly string[]>
  /** Undefined where there is none of that name. Throws FILE_INVALID. */
  find(name: string): Promise<PersonaVector | undefined>
}

/** The vectors of a workspace. A name is looked up among those that are there; it never becomes a path by itself. */
export class WorkspaceShelf implements VectorShelf {
  readonly #folder: string
  readonly #modelId: string
  readonly #read = new Map<string, Promise<PersonaVector>>()

  constructor(folder: string, modelId: string) {
    this.#folder = folder
    this.#modelId = modelId
  }

  async names(): Promise<readonly string[]> {
    return await listVectors(this.#folder, this.#modelId)
  }

  async find(name: string): Promise<PersonaVector | undefined> {
    const known = this.#read.get(name)
    if (known) return await known
    if (!(await this.names()).includes(name)) return undefined
    const reading = readVector(vectorPath(this.#folder, this.#modelId, name))
    this.#read.set(name, reading)
    reading.catch(() => this.#read.delete(name))
    return await reading
  }
}
