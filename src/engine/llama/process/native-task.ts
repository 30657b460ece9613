import type { ErrorMessage } from '../../../errors/personascope-error.ts'
import type { WeightFormat } from '../native/structs.ts'

/** A short native task that runs in a process of its own, so that a crash or a full disk costs the task alone. */
export type NativeTask =
  | {
      readonly kind: 'convert-weights'
      readonly libraryDirectory: string
      readonly from: string
      readonly to: string
      readonly format: WeightFormat
    }
  /** Loads a library and checks its layout; gives what it says of the CPU, and its GPUs. */
  | { readonly kind: 'inspect-library'; readonly libraryDirectory: string }

export type NativeTaskResult =
  | { readonly systemInfo: string; readonly version: string; readonly gpus: readonly string[] }
  | { readonly status: number }
  | { readonly error: ErrorMessage }
