import { basename } from 'node:path'
import type { ModelSource } from './catalogue.ts'
import type { ModelName } from './model-name.ts'

/** A model file that is to be had from somewhere else. */
export interface WantedModel {
  readonly id: string
  readonly file: WantedFile
  /** Tried in this order. */
  readonly sources: readonly ModelSource[]
}

export interface WantedFile {
  readonly name: string
  /** Bytes; null where only the source knows. */
  readonly size: number | null
  /** null where only the source knows. */
  readonly sha256: string | null
}

export function wantedModel(name: Exclude<ModelName, { kind: 'file' }>): WantedModel {
  if (name.kind === 'catalogue') return name.model
  const fileName = basename(name.file)
  return { id: modelIdOfFile(name.file), file: { name: fileName, size: null, sha256: null }, sources: [name] }
}

/** The name a model goes by that no catalogue names. */
export function modelIdOfFile(path: string): string {
  return basename(path).replace(/\.gguf$/i, '')
}
