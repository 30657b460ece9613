/**
 * Every C function that is called, as one table: the library that has it, its C prototype, its TypeScript type.
 * `load-library.ts` binds the table; a test checks that every symbol exists in the real library.
 */
import type { Batch, ContextParams, ModelParams, Pointer, QuantizeParams } from './structs.ts'

export type LibraryName = 'ggml-base' | 'ggml' | 'llama'

interface Symbol<F> {
  readonly library: LibraryName
  readonly prototype: string
  /** Carries the type only. */
  readonly type?: F
}

function symbol<F>(library: LibraryName, prototype: string): Symbol<F> {
  return { library, prototype }
}

export const symbols = {
  loadBackends: symbol<(directory: string) => void>(
    'ggml',
    'void ggml_backend_load_all_from_path(const char *dir_path)',
  ),
  backendRegistry: symbol<(name: string) => Pointer | null>('ggml', 'void *ggml_backend_reg_by_name(const char *name)'),
  deviceCount: symbol<() => number | bigint>('ggml', 'size_t ggml_backend_dev_count()'),
  device: symbol<(index: number) => Pointer>('ggml', 'void *ggml_backend_dev_get(size_t index)'),
  deviceDescription: symbol<(device: Pointer) => string>(
    'ggml-base',
    'const char *ggml_backend_dev_description(void *device)',
  ),
  deviceType: symbol<(device: Pointer) => number>('ggml-base', 'int ggml_backend_dev_type(void *device)'),
  initialize: symbol<() => void>('llama', 'void llama_backend_init()'),
  systemInfo: symbol<() => string>('llama', 'const char *llama_print_system_info()'),
  version: symbol<() => string>('llama', 'const char *llama_version()'),

  modelDefaults: symbol<() => ModelParams>('llama', 'llama_model_params llama_model_default_params()'),
  modelLoad: symbol<(path: string, params: ModelParams) => Pointer | null>(
    'llama',
    'void *llama_model_load_from_file(const char *path_model, llama_model_params params)',
  ),
  modelFree: symbol<(model: Pointer) => void>('llama', 'void llama_model_free(void *model)'),
  modelVocabulary: symbol<(model: Pointer) => Pointer>('llama', 'void *llama_model_get_vocab(const void *model)'),
  modelContextTokens: symbol<(model: Pointer) => number>('llama', 'int32_t llama_model_n_ctx_train(const void *model)'),
  modelHiddenSize: symbol<(model: Pointer) => number>('llama', 'int32_t llama_model_n_embd(const void *model)'),
  modelBlockCount: symbol<(model: Pointer) => number>('llama', 'int32_t llama_model_n_layer(const void *model)'),
  modelParameterCount: symbol<(model: Pointer) => number | bigint>(
    'llama',
    'uint64_t llama_model_n_params(const void *model)',
  ),
  modelHasEncoder: symbol<(model: Pointer) => boolean>('llama', 'bool llama_model_has_encoder(const void *model)'),
  modelIsRecurrent: symbol<(model: Pointer) => boolean>('llama', 'bool llama_model_is_recurrent(const void *model)'),
  modelIsHybrid: symbol<(model: Pointer) => boolean>('llama', 'bool llama_model_is_hybrid(const void *model)'),
  modelMetadata: symbol<(model: Pointer, key: string, buffer: Uint8Array, size: number) => number>(
    'llama',
    'int32_t llama_model_meta_val_str(const void *model, const char *key, _Out_ uint8_t *buf, size_t buf_size)',
  ),
  modelChatTemplate: symbol<(model: Pointer, name: null) => string | null>(
    'llama',
    'const char *llama_model_chat_template(const void *model, const char *name)',
  ),
  modelFileType: symbol<(model: Pointer) => number>('llama', 'int llama_model_ftype(const void *model)'),
  fileTypeName: symbol<(fileType: number) => string>('llama', 'const char *llama_ftype_name(int ftype)'),
  quantizeDefaults: symbol<() => QuantizeParams>(
    'llama',
    'llama_model_quantize_params llama_model_quantize_default_params()',
  ),
  quantize: symbol<(from: string, to: string, params: QuantizeParams) => number>(
    'llama',
    'uint32_t llama_model_quantize(const char *fname_inp, const char *fname_out, const llama_model_quantize_params *params)',
  ),

  vocabularySize: symbol<(vocabulary: Pointer) => number>('llama', 'int32_t llama_vocab_n_tokens(const void *vocab)'),
  endsTurn: symbol<(vocabulary: Pointer, token: number) => boolean>(
    'llama',
    'bool llama_vocab_is_eog(const void *vocab, int32_t token)',
  ),
  beginToken: symbol<(vocabulary: Pointer) => number>('llama', 'int32_t llama_vocab_bos(const void *vocab)'),
  endToken: symbol<(vocabulary: Pointer) => number>('llama', 'int32_t llama_vocab_eos(const void *vocab)'),
  addsBeginToken: symbol<(vocabulary: Pointer) => boolean>('llama', 'bool llama_vocab_get_add_bos(const void *vocab)'),
  tokenAttributes: symbol<(vocabulary: Pointer, token: number) => number>(
    'llama',
    'int32_t llama_vocab_get_attr(const void *vocab, int32_t token)',
  ),
  tokenText: symbol<(vocabulary: Pointer, token: number) => string | null>(
    'llama',
    'const char *llama_vocab_get_text(const void *vocab, int32_t token)',
  ),
  tokenize: symbol<
    (
      vocabulary: Pointer,
      text: Uint8Array,
      length: number,
      tokens: Int32Array,
      most: number,
      addSpecial: boolean,
      parseSpecial: boolean,
    ) => number
  >(
    'llama',
    'int32_t llama_tokenize(const void *vocab, const uint8_t *text, int32_t text_len, _Out_ int32_t *tokens, int32_t n_tokens_max, bool add_special, bool parse_special)',
  ),
  tokenBytes: symbol<
    (vocabulary: Pointer, token: number, buffer: Uint8Array, length: number, lstrip: number, special: boolean) => number
  >(
    'llama',
    'int32_t llama_token_to_piece(const void *vocab, int32_t token, _Out_ uint8_t *buf, int32_t length, int32_t lstrip, bool special)',
  ),

  contextDefaults: symbol<() => ContextParams>('llama', 'llama_context_params llama_context_default_params()'),
  contextCreate: symbol<(model: Pointer, params: ContextParams) => Pointer | null>(
    'llama',
    'void *llama_init_from_model(void *model, llama_context_params params)',
  ),
  contextFree: symbol<(context: Pointer) => void>('llama', 'void llama_free(void *ctx)'),
  contextTokensPerSequence: symbol<(context: Pointer) => number>('llama', 'uint32_t llama_n_ctx_seq(const void *ctx)'),
  contextMemory: symbol<(context: Pointer) => Pointer>('llama', 'void *llama_get_memory(const void *ctx)'),
  batchCreate: symbol<(tokens: number, embedding: number, sequences: number) => Batch>(
    'llama',
    'llama_batch llama_batch_init(int32_t n_tokens, int32_t embd, int32_t n_seq_max)',
  ),
  batchFree: symbol<(batch: Batch) => void>('llama', 'void llama_batch_free(llama_batch batch)'),
  decode: symbol<(context: Pointer, batch: Batch) => number>(
    'llama',
    'int32_t llama_decode(void *ctx, llama_batch batch)',
  ),
  logitsOfRow: symbol<(context: Pointer, row: number) => Pointer | null>(
    'llama',
    'void *llama_get_logits_ith(void *ctx, int32_t i)',
  ),
  setControlVector: symbol<
    (context: Pointer, data: Float32Array | null, length: number, width: number, first: number, last: number) => number
  >(
    'llama',
    'int32_t llama_set_adapter_cvec(void *ctx, const float *data, size_t len, int32_t n_embd, int32_t il_start, int32_t il_end)',
  ),

  adapterLoad: symbol<(model: Pointer, path: string) => Pointer | null>(
    'llama',
    'void *llama_adapter_lora_init(void *model, const char *path_lora)',
  ),
  /** Adapters as their addresses; [adapters] scales. */
  setAdapters: symbol<(context: Pointer, adapters: BigUint64Array, count: number, scales: Float32Array) => number>(
    'llama',
    'int32_t llama_set_adapters_lora(void *ctx, const uint64_t *adapters, size_t n_adapters, const float *scales)',
  ),

  memoryClear: symbol<(memory: Pointer, data: boolean) => void>(
    'llama',
    'void llama_memory_clear(void *mem, bool data)',
  ),
  memoryRemove: symbol<(memory: Pointer, sequence: number, from: number, to: number) => boolean>(
    'llama',
    'bool llama_memory_seq_rm(void *mem, int32_t seq_id, int32_t p0, int32_t p1)',
  ),
  sequenceStateSize: symbol<(context: Pointer, sequence: number) => number>(
    'llama',
    'size_t llama_state_seq_get_size(void *ctx, int32_t seq_id)',
  ),
  sequenceStateRead: symbol<(context: Pointer, target: Uint8Array, size: number, sequence: number) => number>(
    'llama',
    'size_t llama_state_seq_get_data(void *ctx, void *dst, size_t size, int32_t seq_id)',
  ),
  sequenceStateWrite: symbol<(context: Pointer, source: Uint8Array, size: number, sequence: number) => number>(
    'llama',
    'size_t llama_state_seq_set_data(void *ctx, const void *src, size_t size, int32_t dest_seq_id)',
  ),

  grammarCreate: symbol<(vocabulary: Pointer, grammar: string, root: string) => Pointer | null>(
    'llama',
    'void *llama_sampler_init_grammar(const void *vocab, const char *grammar_str, const char *grammar_root)',
  ),
  samplerApply: symbol<(sampler: Pointer, candidates: Pointer) => void>(
    'llama',
    'void llama_sampler_apply(void *smpl, void *cur_p)',
  ),
  samplerAccept: symbol<(sampler: Pointer, token: number) => void>(
    'llama',
    'void llama_sampler_accept(void *smpl, int32_t token)',
  ),
  samplerFree: symbol<(sampler: Pointer) => void>('llama', 'void llama_sampler_free(void *smpl)'),

  tensorName: symbol<(tensor: Pointer) => string>('ggml-base', 'const char *ggml_get_name(const void *tensor)'),
  tensorElements: symbol<(tensor: Pointer) => number>('ggml-base', 'int64_t ggml_nelements(const void *tensor)'),
  tensorRows: symbol<(tensor: Pointer) => number>('ggml-base', 'int64_t ggml_nrows(const void *tensor)'),
  tensorBytes: symbol<(tensor: Pointer) => number>('ggml-base', 'size_t ggml_nbytes(const void *tensor)'),
  tensorIsContiguous: symbol<(tensor: Pointer) => boolean>('ggml-base', 'bool ggml_is_contiguous(const void *tensor)'),
  tensorRead: symbol<(tensor: Pointer, target: Float32Array, offset: number, size: number) => void>(
    'ggml-base',
    'void ggml_backend_tensor_get(const void *tensor, void *data, size_t offset, size_t size)',
  ),
  tensorWrite: symbol<(tensor: Pointer, source: Float32Array, offset: number, size: number) => void>(
    'ggml-base',
    'void ggml_backend_tensor_set(void *tensor, const void *data, size_t offset, size_t size)',
  ),
} as const

/** The bound functions, by the names of the table. */
export type NativeFunctions = {
  readonly [Name in keyof typeof symbols]: (typeof symbols)[Name] extends Symbol<infer F> ? F : never
}
