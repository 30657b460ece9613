import type { Server } from 'node:http'
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { PersonascopeError, textOf } from '../errors/personascope-error.ts'

export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Whether requests must bring a key. */
  readonly guarded: boolean
}

export interface Listening {
  readonly url: string
  /**
   * Takes no new connections, and ends when those that are there have ended.
   * @param patienceMs after this they are cut
   */
  close(patienceMs: number): Promise<void>
}

/** Addresses of this machine alone. */
const loopback = new Set(['127.0.0.1', '::1', 'localhost'])

const headerBytes = 16_384

const connectionErrors = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

/**
 * Serves requests over HTTP.
 * @throws SERVER_NEEDS_KEY where other machines could reach an unguarded server, SERVER_CANNOT_LISTEN
 */
export async function listen(
  fetch: (request: Request) => Promise<Response>,
  { host, port, guarded }: ListenOptions,
): Promise<Listening> {
  assertGuarded(host, guarded)
  const server = createServer(
    { maxHeaderSize: headerBytes, requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 20_000 },
    getRequestListener(fetch, { overrideGlobalObjects: false }),
  )
  server.maxConnections = 4096
  // A malformed request is answered, or its connection closed; it is no fault of the server.
  server.on('clientError', ({ code }: NodeJS.ErrnoException, socket) => {
    const status = connectionErrors.get(code ?? '') ?? '400 Bad Request'
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => {
      reject(new PersonascopeError('SERVER_CANNOT_LISTEN', { host, port, detail: textOf(error) }))
    })
    server.listen(port, host, resolve)
  })
  const address = server.address()
  const chosen = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${chosen}`,
    close: patienceMs => closeServer(server, patienceMs),
  }
}

/** @throws SERVER_NEEDS_KEY */
export function assertGuarded(host: string, guarded: boolean): void {
  if (!guarded && !loopback.has(host)) throw new PersonascopeError('SERVER_NEEDS_KEY', { host })
}

async function closeServer(server: Server, patienceMs: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeIdleConnections()
  const cut = setTimeout(() => server.closeAllConnections(), patienceMs)
  await closed
  clearTimeout(cut)
}
