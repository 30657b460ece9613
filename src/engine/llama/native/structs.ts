/**
 * The C structs that cross the border, as the pinned llama.cpp lays them out, and the defaults they must come back
 * with: a library whose defaults differ has another layout or another version, and is refused.
 */
import koffi from 'koffi'

/** A native address. */
export type Pointer = bigint

export const modelParams = koffi.struct('llama_model_params', {
  devices: 'void *',
  tensor_buft_overrides: 'void *',
  n_gpu_layers: 'int32_t',
  split_mode: 'int32_t',
  load_mode: 'int32_t',
  lazy_mode: 'int32_t',
  main_gpu: 'int32_t',
  tensor_split: 'void *',
  progress_callback: 'void *',
  progress_callback_user_data: 'void *',
  kv_overrides: 'void *',
  vocab_only: 'bool',
  check_tensors: 'bool',
  use_extra_bufts: 'bool',
  no_host: 'bool',
  no_alloc: 'bool',
  load_mtp: 'bool',
})

export interface ModelParams {
  n_gpu_layers: number
  vocab_only: boolean
  check_tensors: boolean
  [field: string]: unknown
}

export const contextParams = koffi.struct('llama_context_params', {
  n_ctx: 'uint32_t',
  n_batch: 'uint32_t',
  n_ubatch: 'uint32_t',
  n_seq_max: 'uint32_t',
  n_rs_seq: 'uint32_t',
  n_outputs_max: 'uint32_t',
  n_outputs_max_per_seq: 'uint32_t',
  n_threads: 'int32_t',
  n_threads_batch: 'int32_t',
  ctx_type: 'int32_t',
  rope_scaling_type: 'int32_t',
  pooling_type: 'int32_t',
  attention_type: 'int32_t',
  flash_attn_type: 'int32_t',
  rope_freq_base: 'float',
  rope_freq_scale: 'float',
  yarn_ext_factor: 'float',
  yarn_attn_factor: 'float',
  yarn_beta_fast: 'float',
  yarn_beta_slow: 'float',
  yarn_orig_ctx: 'uint32_t',
  defrag_thold: 'float',
  cb_eval: 'void *',
  cb_eval_user_data: 'void *',
  type_k: 'int32_t',
  type_v: 'int32_t',
  abort_callback: 'void *',
  abort_callback_data: 'void *',
  embeddings: 'bool',
  offload_kqv: 'bool',
  no_perf: 'bool',
  op_offload: 'bool',
  swa_full: 'bool',
  kv_unified: 'bool',
  samplers: 'void *',
  n_samplers: 'size_t',
  ctx_other: 'void *',
})

export interface ContextParams {
  n_ctx: number
  n_batch: number
  n_ubatch: number
  n_seq_max: number
  n_outputs_max: number
  n_outputs_max_per_seq: number
  n_threads: number
  n_threads_batch: number
  cb_eval: Pointer | null
  kv_unified: boolean
  [field: string]: unknown
}

export const batch = koffi.struct('llama_batch', {
  n_tokens: 'int32_t',
  token: 'void *',
  embd: 'void *',
  pos: 'void *',
  n_seq_id: 'void *',
  seq_id: 'void *',
  logits: 'void *',
})

export interface Batch {
  n_tokens: number
  readonly token: Pointer
  readonly pos: Pointer
  readonly n_seq_id: Pointer
  readonly seq_id: Pointer
  readonly logits: Pointer
}

export const quantizeParams = koffi.struct('llama_model_quantize_params', {
  nthread: 'int32_t',
  ftype: 'int32_t',
  output_tensor_type: 'int32_t',
  token_embedding_type: 'int32_t',
  allow_requantize: 'bool',
  quantize_output_tensor: 'bool',
  only_copy: 'bool',
  pure: 'bool',
  keep_split: 'bool',
  dry_run: 'bool',
  imatrix: 'void *',
  kv_overrides: 'void *',
  tt_overrides: 'void *',
  prune_layers: 'void *',
  max_buf_size: 'size_t',
})

export interface QuantizeParams {
  nthread: number
  ftype: number
  allow_requantize: boolean
  [field: string]: unknown
}

/** What `llama_model_default_params()` must give. */
export const expectedModelDefaults = {
  n_gpu_layers: -1,
  split_mode: 1,
  lazy_mode: 1,
  main_gpu: 0,
  vocab_only: false,
  use_extra_bufts: true,
  load_mtp: false,
} as const

/** What `llama_context_default_params()` must give: values spread over the whole struct, its last field included. */
export const expectedContextDefaults = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  n_outputs_max_per_seq: 1,
  rope_scaling_type: -1,
  yarn_ext_factor: -1,
  type_k: 1,
  type_v: 1,
  offload_kqv: true,
  no_perf: true,
  op_offload: true,
  swa_full: true,
  kv_unified: false,
  n_samplers: 0,
  ctx_other: null,
} as const

/** What `llama_model_quantize_default_params()` must give. */
export const expectedQuantizeDefaults = {
  nthread: 0,
  ftype: 7,
  quantize_output_tensor: true,
  max_buf_size: 8 * 2 ** 30,
} as const

/** File types of `enum llama_ftype` that are used here, by the name GGUF files are known under. */
export const fileTypes = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7, BF16: 32 } as const
export type WeightFormat = keyof typeof fileTypes
