import { PersonascopeError } from '../../../errors/personascope-error.ts'
import type { TokenId } from '../../contract/prompt.ts'
import type { AnswerConstraint } from '../../request/generate-run.ts'
import { addressOf, type NativeLibrary } from './load-library.ts'
import type { NativeModel } from './native-model.ts'
import type { Pointer } from './structs.ts'

/** sizeof(llama_token_data): id, logit, p */
const candidateFloats = 3

/** A llama.cpp grammar at work on one answer. */
export class NativeGrammar implements AnswerConstraint {
  readonly #library: NativeLibrary
  readonly #sampler: Pointer
  readonly #vocabularySize: number
  #candidates: CandidateArray | undefined
  readonly #single = new CandidateArray(1)

  /** @throws GRAMMAR_INVALID */
  constructor(library: NativeLibrary, model: NativeModel, grammar: string) {
    const sampler = library.grammarCreate(model.vocabularyPointer, grammar, 'root')
    if (!sampler) throw new PersonascopeError('GRAMMAR_INVALID', { detail: 'llama.cpp refuses it' })
    this.#library = library
    this.#sampler = sampler
    this.#vocabularySize = model.size
  }

  allows(token: TokenId): boolean {
    this.#single.set(0, token, 0)
    this.#library.samplerApply(this.#sampler, this.#single.pointer(1))
    return this.#single.logit(0) !== Number.NEGATIVE_INFINITY
  }

  mask(logits: Float32Array): number {
    this.#candidates ??= new CandidateArray(this.#vocabularySize)
    const candidates = this.#candidates
    logits.forEach((logit, token) => {
      candidates.set(token, token, logit)
    })
    this.#library.samplerApply(this.#sampler, candidates.pointer(logits.length))
    let remaining = 0
    for (let token = 0; token < logits.length; token++) {
      logits[token] = candidates.logit(token)
      if (logits[token] !== Number.NEGATIVE_INFINITY) remaining++
    }
    return remaining
  }

  /** Only for allowed tokens: llama.cpp ends the process on any other. */
  follow(token: TokenId): void {
    if (this.allows(token)) this.#library.samplerAccept(this.#sampler, token)
  }

  close(): void {
    this.#library.samplerFree(this.#sampler)
  }
}

/** A `llama_token_data_array` over memory of our own. */
class CandidateArray {
  readonly #floats: Float32Array<ArrayBuffer>
  readonly #ids: Int32Array
  /** struct { data*, size_t size, int64 selected, bool sorted } */
  readonly #header = new BigInt64Array(new ArrayBuffer(32))

  constructor(size: number) {
    // An array buffer of its own: V8 may move the memory of small typed arrays.
    this.#floats = new Float32Array(new ArrayBuffer(size * candidateFloats * 4))
    this.#ids = new Int32Array(this.#floats.buffer)
  }

  set(index: number, token: TokenId, logit: number): void {
    this.#ids[index * candidateFloats] = token
    this.#floats[index * candidateFloats + 1] = logit
  }

  logit(index: number): number {
    return this.#floats[index * candidateFloats + 1]!
  }

  pointer(size: number): Pointer {
    this.#header[0] = addressOf(this.#floats)
    this.#header[1] = BigInt(size)
    this.#header[2] = -1n
    this.#header[3] = 0n
    return addressOf(this.#header)
  }
}
