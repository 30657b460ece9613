import { availableParallelism } from 'node:os'
import { ChatTemplate } from '../../chat/chat-template.ts'
import { sha256 } from '../../store/hash.ts'
import type { EngineInfo, ModelInfo } from '../contract/engine-info.ts'
import { SpecialTexts } from '../request/special-texts.ts'
import { EngineLink } from './engine-link.ts'
import { LlamaEngine } from './llama-engine.ts'
import { type LibraryLocation, locateLibrary } from './native/locate-library.ts'
import { pinnedVersion } from './native/version.ts'
import type { OpenedModel } from './process/protocol.ts'

/** A model file on this machine. */
export interface ModelFile {
  /** The name the model goes by. */
  readonly id: string
  readonly path: string
  /** sha256 of the file, in hexadecimal. */
  readonly hash: string
  /** A LoRA adapter that is laid over the weights. */
  readonly adapter?: AdapterFile
}

/** A LoRA adapter as a GGUF file on this machine. */
export type AdapterFile = Pick<ModelFile, 'id' | 'path' | 'hash'>

/**
 * What tells one model from another: the file's own hash, and where an adapter lies over it that of both together.
 * @returns sha256, in hexadecimal
 */
export function identityOf({ hash, adapter }: Pick<ModelFile, 'hash' | 'adapter'>): string {
  return adapter ? sha256(`${hash} with adapter ${adapter.hash}`) : hash
}

/** The name a model goes by with its adapter. */
export function nameOf({ id, adapter }: Pick<ModelFile, 'id' | 'adapter'>): string {
  return adapter ? `${id}+${adapter.id}` : id
}

export interface LlamaEngineOptions {
  /** Contexts over one set of weights. Default: one for each core, at most 8. */
  readonly contexts?: number
  /** Default 1: threads of one context wait for each other after every node, and badly so on a busy machine. */
  readonly threadsPerContext?: number
  /** The most sequences side by side in one context. Default 16. */
  readonly slotsPerContext?: number
  /** How many tokens all sequences of a context may hold together. Default 8192. */
  readonly tokensPerContext?: number
  /** How many bytes of computed prompt beginnings each context keeps. Default 96 MiB. */
  readonly prefixBytesPerContext?: number
  /** Default: a native build if there is one, else the prebuilt library. */
  readonly library?: LibraryLocation
}

/**
 * Opens a model in an engine process of its own.
 * @throws ENGINE_LIBRARY_MISSING, ENGINE_LIBRARY_MISMATCH, ENGINE_LOAD_FAILED, MODEL_ARCHITECTURE_UNSUPPORTED
 */
export async function openLlamaEngine(file: ModelFile, options: LlamaEngineOptions = {}): Promise<LlamaEngine> {
  const library = options.library ?? locateLibrary()
  const { contexts = Math.min(8, availableParallelism()), threadsPerContext = 1, slotsPerContext = 16 } = options
  const link = new EngineLink({
    libraryDirectory: library.directory,
    modelPath: file.path,
    adapterPath: file.adapter?.path,
    contexts,
    threadsPerContext,
    slotsPerContext,
    tokensPerContext: options.tokensPerContext ?? 8192,
    prefixBytesPerContext: options.prefixBytesPerContext ?? 96 * 2 ** 20,
  })
  const opened = await link.open().catch(async error => {
    // A process that crashed while it opened has been started again by now, and nobody will ask for it.
    await link.close()
    throw error
  })
  const template = opened.chatTemplate === undefined ? undefined : new ChatTemplate(opened.chatTemplate, opened)
  const info: EngineInfo = {
    name: 'llama',
    version: `llama.cpp ${pinnedVersion} ${library.origin}`,
    slotsPerContext,
    contexts,
    threadsPerContext,
  }
  const specials = new SpecialTexts(opened.specialTexts)
  return new LlamaEngine(link, describe(file, opened, template), info, { template, specials })
}

function describe(file: ModelFile, opened: OpenedModel, template: ChatTemplate | undefined): ModelInfo {
  const { architecture, blockCount, hiddenSize, vocabularySize, parameterCount, contextTokens, weightFormat } = opened
  return {
    id: nameOf(file),
    fileHash: identityOf(file),
    ...(file.adapter && { adapter: { id: file.adapter.id, fileHash: file.adapter.hash } }),
    architecture,
    blockCount,
    hiddenSize,
    vocabularySize,
    parameterCount,
    contextTokens,
    weightFormat,
    embeddingLayer: opened.embeddingLayer,
    chatTemplate: template && { hash: template.hash, systemRole: template.systemRole, thinking: template.thinking },
  }
}
