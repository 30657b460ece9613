import { type Catalogue, type CatalogueModel, shippedCatalogue } from './catalogue.ts'
import { locateModel } from './find-pulled.ts'

export interface ListedModel {
  readonly model: CatalogueModel
  /** Whether it is the model used where none is named. */
  readonly isDefault: boolean
  /** Where it is on this machine; undefined where it is not. The file was not read: `pullModel` verifies it. */
  readonly path: string | undefined
}

/** The catalogue, and which of its models are on this machine. Asks nothing of the network. */
export async function listModels(catalogue: Catalogue = shippedCatalogue()): Promise<ListedModel[]> {
  return await Promise.all(
    catalogue.models.map(async model => {
      const [located] = await locateModel(model)
      return { model, isDefault: model.id === catalogue.default, path: located?.path }
    }),
  )
}
