import { parseModelName } from './model-name.ts'
import { modelIdOfFile, wantedModel } from './wanted-model.ts'

/**
 * The name a model goes by once it is pulled, without pulling it. A local file that holds a model of the catalogue
 * gets the catalogue's id when it is read; until then, its file's name.
 * @throws MODEL_UNKNOWN
 */
export function modelIdOf(name: string): string {
  const parsed = parseModelName(name)
  return parsed.kind === 'file' ? modelIdOfFile(parsed.path) : wantedModel(parsed).id
}
