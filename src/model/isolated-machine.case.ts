/** Gives each test caches of its own and a machine without settings, so that none sees the user's. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'

export interface IsolatedMachine {
  /** A folder that is gone after the test. */
  readonly directory: string
  /** Personascope's cache of models. */
  readonly models: string
  /** The cache all Hugging Face tools share. */
  readonly hub: string
}

const settings = ['HF_TOKEN', 'HF_TOKEN_PATH', 'HF_ENDPOINT', 'HF_HUB_OFFLINE', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE']

/** Call it once in a test file; the machine it returns is another one in each test. */
export function isolateMachine(): IsolatedMachine {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'personascope-model-'))
    for (const name of settings) vi.stubEnv(name, undefined)
    vi.stubEnv('PERSONASCOPE_CACHE', join(directory, 'cache'))
    vi.stubEnv('HF_HOME', join(directory, 'hugging-face'))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(directory, { recursive: true, force: true })
  })
  return {
    get directory() {
      return directory
    },
    get models() {
      return join(directory, 'cache', 'models')
    },
    get hub() {
      return join(directory, 'hugging-face', 'hub')
    },
  }
}
