/** A Hugging Face hub on this machine: the part of its API that pulling a model uses, and ways to misbehave. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HubRequest {
  readonly method: string
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

export interface FakeHub extends AsyncDisposable {
  readonly url: string
  readonly requests: HubRequest[]
  /** The requests for a file's content, without those that only ask how long it is. */
  readonly downloads: HubRequest[]
  /** How many bytes of content were sent. */
  readonly sentBytes: number
  /** What the hub claims the file's sha256 to be; by default it is true. */
  claimedSha256: string
  claimedSize: number
  /** Answers every request with this status. */
  status: number | undefined
  /** Cuts each connection for content after so many bytes. */
  cutAfterBytes: number | undefined
  /** Sends the content from another address. */
  redirectTo: string | undefined
  /** Waits before it sends the rest of the content. */
  hold: Promise<void> | undefined
  /** Sends the whole content whichever part is asked for. */
  ignoresRanges: boolean
  /** Keeps the file in the hub's newer storage (Xet), as most repositories do by now. */
  isXet: boolean
}

export const repo = 'someone/Small-GGUF'
export const file = 'small.Q8_0.gguf'
export const commit = '0123456789abcdef0123456789abcdef01234567'

/** Bytes that repeat nowhere, so that a piece in the wrong place shows. */
export function contentOf(size: number): Buffer {
  const content = Buffer.alloc(size)
  let state = 1
  for (let index = 0; index < size; index++) {
    state = (state * 48_271) % 2_147_483_647
    content[index] = state & 255
  }
  return content
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Starts a hub with one repository, which holds one file. */
export async function startFakeHub(content: Buffer): Promise<FakeHub> {
  const requests: HubRequest[] = []
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  let sentBytes = 0
  const hub: FakeHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get downloads() {
      return requests.filter(({ path, range }) => path.includes('/resolve/') && range !== 'bytes=0-0')
    },
    get sentBytes() {
      return sentBytes
    },
    claimedSha256: sha256Of(content),
    claimedSize: content.length,
    status: undefined,
    cutAfterBytes: undefined,
    redirectTo: undefined,
    hold: undefined,
    ignoresRanges: false,
    isXet: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? '')
    const { range, authorization } = request.headers
    requests.push({ method: request.method ?? '', path, range, authorization })
    if (hub.status !== undefined) return json(response, hub.status, { error: 'No.' })
    if (path === `/api/models/${repo}/paths-info/${commit}` || path === `/api/models/${repo}/paths-info/main`) {
      const asked = (JSON.parse(await textOf(request)) as { paths: string[] }).paths
      return json(response, 200, asked.includes(file) ? [describeFile()] : [])
    }
    if (path.startsWith(`/api/models/${repo}/revision/main`)) return json(response, 200, { id: repo, sha: commit })
    if (path.startsWith('/api/models?')) return json(response, 200, [])
    if (path.startsWith(`/${repo}/resolve/`) && path.endsWith(`/${file}`)) return await sendContent(request, response)
    json(response, 404, { error: 'Not found.' })
  }

  function describeFile() {
    const { claimedSize: size, claimedSha256: oid } = hub
    return { type: 'file', path: file, size, oid: 'a'.repeat(40), lfs: { oid, size, pointerSize: 130 } }
  }

  async function sendContent(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (hub.isXet && request.headers.accept?.includes('xet-fileinfo')) {
      const links = `<${hub.url}/xet/auth>; rel="xet-auth", <${hub.url}/xet/plan>; rel="xet-reconstruction-info"`
      const facts = {
        'x-linked-size': content.length,
        'x-linked-etag': `"${hub.claimedSha256}"`,
        'x-xet-hash': 'c'.repeat(64),
      }
      response.writeHead(200, { 'content-type': 'application/vnd.xet-fileinfo+json', link: links, ...facts }).end('{}')
      return
    }
    if (hub.redirectTo !== undefined && request.headers.range !== 'bytes=0-0') {
      response.writeHead(302, { location: hub.redirectTo + request.url }).end()
      return
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const start = Number(first ?? 0)
    const end = Math.min(Number(last ?? content.length - 1) + 1, content.length)
    const isProbe = request.headers.range === 'bytes=0-0'
    const isPart = isProbe || (first !== undefined && !hub.ignoresRanges)
    response.writeHead(isPart ? 206 : 200, {
      etag: `"${hub.claimedSha256}"`,
      'x-repo-commit': commit,
      'content-length': isPart ? end - start : content.length,
      ...(isPart && { 'content-range': `bytes ${start}-${end - 1}/${content.length}` }),
    })
    const body = isPart ? content.subarray(start, end) : content
    const sent = isProbe ? body : body.subarray(0, hub.cutAfterBytes ?? body.length)
    if (!isProbe) sentBytes += sent.length
    await new Promise(resolve => response.write(sent, resolve))
    // Not for the probe: its connection is used again.
    if (!isProbe) await hub.hold
    if (sent.length < body.length) response.destroy()
    else response.end()
  }

  return hub
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
