import { PersonascopeError } from '../errors/personascope-error.ts'
import type { Workspace } from '../store/workspace.ts'
import type { PersonaVector } from '../vector/persona-vector.ts'
import { listVectors, readVector, vectorPath } from '../vector/vector-file.ts'

/**
 * A vector by the name of its trait, from the workspace; or by the path of a file.
 * @param modelId the model it is for
 * @throws VECTOR_UNKNOWN, FILE_NOT_FOUND, FILE_INVALID
 */
export async function loadVector(
  nameOrPath: string,
  workspace: Workspace,
  modelId: string,
): Promise<{ vector: PersonaVector; path: string }> {
  const isPath = nameOrPath.endsWith('.safetensors')
  const path = isPath ? nameOrPath : vectorPath(workspace.vectors, modelId, nameOrPath)
  try {
    return { vector: await readVector(path), path }
  } catch (error) {
    if (isPath || !PersonascopeError.is(error) || error.code !== 'FILE_NOT_FOUND') throw error
    const available = (await listVectors(workspace.vectors, modelId)).join(', ') || 'none'
    const facts = { vector: nameOrPath, model: modelId, workspace: workspace.path, available }
    throw new PersonascopeError('VECTOR_UNKNOWN', facts)
  }
}

/** The vector of a trait in the workspace, if there is one. Throws FILE_INVALID. */
export async function findVector(
  trait: string,
  workspace: Workspace,
  modelId: string,
): Promise<PersonaVector | undefined> {
  try {
    return await readVector(vectorPath(workspace.vectors, modelId, trait))
  } catch (error) {
    if (PersonascopeError.is(error) && error.code === 'FILE_NOT_FOUND') return undefined
    throw error
  }
}
