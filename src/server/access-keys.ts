import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { PersonascopeError } from '../errors/personascope-error.ts'
import { readJsonFile } from '../store/json-file.ts'
import { ApiError } from './api-error.ts'

const keysFileSchema = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        /** sha256 of the key, in hexadecimal: the file needs to hold no key. */
        sha256: z.string().regex(/^[0-9a-f]{64}$/i),
        steer: z.boolean().default(false),
        readings: z.boolean().default(false),
        requestsPerMinute: z.int().min(1).optional(),
        concurrentRequests: z.int().min(1).optional(),
      }),
    )
    .min(1),
})

/** Who asks, and what is allowed. */
export interface Client {
  readonly name: string
  readonly maySteer: boolean
  readonly maySeeReadings: boolean
  readonly requestsPerMinute: number | undefined
  readonly concurrentRequests: number | undefined
}

/** Keys are kept as hashes, and compared so that the time taken tells nothing of them. */
export class AccessKeys {
  readonly #keys: readonly { readonly hash: Buffer; readonly client: Client }[]

  private constructor(keys: readonly { readonly hash: Buffer; readonly client: Client }[]) {
    this.#keys = keys
  }

  /** Everybody may do everything. */
  static open(): AccessKeys {
    return new AccessKeys([])
  }

  /** One key that may do everything. */
  static single(key: string): AccessKeys {
    return new AccessKeys([{ hash: hashOf(key), client: { ...anybody, name: 'api-key' } }])
  }

  /** @throws FILE_NOT_FOUND, FILE_INVALID */
  static async read(path: string): Promise<AccessKeys> {
    const kind = 'keys file'
    const content = await readJsonFile<unknown>(path)
    if (content === undefined) throw new PersonascopeError('FILE_NOT_FOUND', { path, kind })
    const parsed = keysFileSchema.safeParse(content)
    if (!parsed.success) {
      const detail = z.prettifyError(parsed.error).split('\n')[0]!
      throw new PersonascopeError('FILE_INVALID', { path, kind, detail })
    }
    return new AccessKeys(
      parsed.data.keys.map(({ name, sha256, steer, readings, requestsPerMinute, concurrentRequests }) => ({
        hash: Buffer.from(sha256, 'hex'),
        client: { name, maySteer: steer, maySeeReadings: readings, requestsPerMinute, concurrentRequests },
      })),
    )
  }

  get required(): boolean {
    return this.#keys.length > 0
  }

  /**
   * @param authorization the header `authorization`
   * @throws ApiError with status 401
   */
  clientOf(authorization: string | undefined): Client {
    if (!this.required) return anybody
    const hash = hashOf(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '')
    let client: Client | undefined
    // Every key is compared, whichever fits.
    for (const key of this.#keys) if (timingSafeEqual(key.hash, hash)) client = key.client
    if (client) return client
    const code = authorization ? 'invalid_api_key' : null
    throw new ApiError(401, authorization ? 'Incorrect API key provided.' : 'No API key provided.', { code })
  }
}

const anybody: Client = {
  name: 'anybody',
  maySteer: true,
  maySeeReadings: true,
  requestsPerMinute: undefined,
  concurrentRequests: undefined,
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
