import { PersonascopeError } from '../../../errors/personascope-error.ts'
import type { TokenId } from '../../contract/prompt.ts'
import type { Vocabulary } from '../../request/sequence-run.ts'
import type { NativeLibrary } from './load-library.ts'
import type { Pointer } from './structs.ts'

/** LLAMA_TOKEN_ATTR_UNKNOWN and LLAMA_TOKEN_ATTR_CONTROL. */
const specialAttributes = 1 | 8

/**
 * The weights of a model in native memory, and its vocabulary. One pointer serves contexts on several threads;
 * whoever loaded it closes it, after the last context.
 */
export class NativeModel implements Vocabulary {
  readonly pointer: Pointer
  /**
   * A LoRA adapter that every context on this model lays over the weights; freed with the model. One for the life of the
   * engine process, so what is kept of computed prompts need not name it.
   */
  readonly adapter: Pointer | undefined
  readonly #library: NativeLibrary
  readonly #vocabulary: Pointer
  readonly #bytes = new Map<TokenId, Uint8Array>()
  readonly size: number

  private constructor(library: NativeLibrary, pointer: Pointer, adapter: Pointer | undefined) {
    this.#library = library
    this.pointer = pointer
    this.adapter = adapter
    this.#vocabulary = library.modelVocabulary(pointer)
    this.size = library.vocabularySize(this.#vocabulary)
  }

  /**
   * Loads a GGUF file, and a LoRA adapter on it.
   * @throws ENGINE_LOAD_FAILED; what llama.cpp says about it is on the process's standard error
   */
  static load(library: NativeLibrary, path: string, adapterPath?: string): NativeModel {
    const refused = (file: string) =>
      new PersonascopeError('ENGINE_LOAD_FAILED', { path: file, detail: 'it is refused' })
    const pointer = library.modelLoad(path, library.modelDefaults())
    if (!pointer) throw refused(path)
    if (adapterPath === undefined) return new NativeModel(library, pointer, undefined)
    const adapter = library.adapterLoad(pointer, adapterPath)
    if (!adapter) throw refused(adapterPath)
    return new NativeModel(library, pointer, adapter)
  }

  /** A view of a model that another thread loaded. Must not be closed. */
  static attach(library: NativeLibrary, pointer: Pointer, adapter: Pointer | undefined): NativeModel {
    return new NativeModel(library, pointer, adapter)
  }

  get vocabularyPointer(): Pointer {
    return this.#vocabulary
  }

  get blockCount(): number {
    return this.#library.modelBlockCount(this.pointer)
  }

  get hiddenSize(): number {
    return this.#library.modelHiddenSize(this.pointer)
  }

  get contextTokens(): number {
    return this.#library.modelContextTokens(this.pointer)
  }

  get parameterCount(): number {
    return Number(this.#library.modelParameterCount(this.pointer))
  }

  /** For example "Q8_0". */
  get weightFormat(): string {
    return this.#library.fileTypeName(this.#library.modelFileType(this.pointer)).replace(/^all /, '')
  }

  get chatTemplate(): string | undefined {
    return this.#library.modelChatTemplate(this.pointer, null) ?? undefined
  }

  /** The text of the token that begins a text; empty where the model has none. */
  get beginText(): string {
    return this.#textOf(this.#library.beginToken(this.#vocabulary))
  }

  get endText(): string {
    return this.#textOf(this.#library.endToken(this.#vocabulary))
  }

  get addsBeginToken(): boolean {
    return this.#library.addsBeginToken(this.#vocabulary)
  }

  /** The texts that are read as one token where special tokens are recognised, and as plain text elsewhere. */
  specialTexts(): string[] {
    const texts = new Set<string>()
    for (let token = 0; token < this.size; token++) {
      if (this.#library.tokenAttributes(this.#vocabulary, token) & specialAttributes) texts.add(this.#textOf(token))
    }
    return [...texts].filter(text => text !== '')
  }

  /** Why this model cannot be read block by block, if it cannot. */
  get unsupported(): string | undefined {
    if (this.#library.modelHasEncoder(this.pointer)) return 'it has an encoder'
    if (this.#library.modelIsRecurrent(this.pointer)) return 'its blocks are recurrent'
    if (this.#library.modelIsHybrid(this.pointer)) return 'some of its blocks are recurrent'
    return undefined
  }

  /** A scalar from the file's metadata, as text. */
  metadata(key: string): string | undefined {
    const buffer = new Uint8Array(1 << 10)
    const length = this.#library.modelMetadata(this.pointer, key, buffer, buffer.length)
    return length < 0 ? undefined : new TextDecoder().decode(buffer.subarray(0, length))
  }

  tokenize(text: string, options: { readonly addSpecial: boolean; readonly parseSpecial: boolean }): TokenId[] {
    const bytes = new TextEncoder().encode(text)
    const attempt = (tokens: Int32Array) =>
      this.#library.tokenize(
        this.#vocabulary,
        bytes,
        bytes.length,
        tokens,
        tokens.length,
        options.addSpecial,
        options.parseSpecial,
      )
    let tokens = new Int32Array(bytes.length + 8)
    let count = attempt(tokens)
    if (count < 0) {
      tokens = new Int32Array(-count)
      count = attempt(tokens)
    }
    return Array.from(tokens.subarray(0, count))
  }

  endsTurn(token: TokenId): boolean {
    return this.#library.endsTurn(this.#vocabulary, token)
  }

  bytesOf(token: TokenId): Uint8Array {
    const known = this.#bytes.get(token)
    if (known) return known
    const bytes = this.writtenBytes(token, false)
    this.#bytes.set(token, bytes)
    return bytes
  }

  /** @param special whether control tokens are written out, for example as `<|im_end|>` */
  writtenBytes(token: TokenId, special: boolean): Uint8Array {
    let buffer = new Uint8Array(64)
    const attempt = () => this.#library.tokenBytes(this.#vocabulary, token, buffer, buffer.length, 0, special)
    let length = attempt()
    if (length < 0) {
      buffer = new Uint8Array(-length)
      length = attempt()
    }
    return buffer.slice(0, length)
  }

  close(): void {
    this.#library.modelFree(this.pointer)
  }

  #textOf(token: TokenId): string {
    return token < 0 ? '' : (this.#library.tokenText(this.#vocabulary, token) ?? '')
  }
}
