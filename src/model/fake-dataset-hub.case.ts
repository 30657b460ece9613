/** A Hugging Face hub on this machine with one dataset: the part of its API that getting a dataset uses. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const datasetRepo = 'someone/small-talk'
export const datasetCommit = 'fedcba9876543210fedcba9876543210fedcba98'

export interface FakeDatasetHub extends AsyncDisposable {
  readonly url: string
  /** Paths of all requests, without their queries. */
  readonly requests: string[]
  /** Answers every request with this status. */
  status: number | undefined
  /** Sends this instead of what a file holds. */
  content: Buffer | undefined
  /** Cuts each connection for content after so many bytes. */
  cutAfterBytes: number | undefined
}

/** @param files by path; those that end in .parquet are kept apart, as the hub keeps large files (LFS) */
export async function startFakeDatasetHub(files: Readonly<Record<string, string | Buffer>>): Promise<FakeDatasetHub> {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]))
  const server = createServer((request, response) => answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const hub: FakeDatasetHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    status: undefined,
    content: undefined,
    cutAfterBytes: undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url!.split('?')[0]!)
    hub.requests.push(path)
    if (hub.status !== undefined) return json(response, hub.status, { error: 'No.' })
    const api = `/api/datasets/${datasetRepo}`
    if (path === `${api}/revision/main`) return json(response, 200, { id: datasetRepo, sha: datasetCommit })
    if (path === `${api}/tree/${datasetCommit}`) return json(response, 200, [...contents].map(describe))
    const file = path.split(`/datasets/${datasetRepo}/resolve/${datasetCommit}/`)[1] ?? ''
    const content = contents.get(file)
    if (!content) return json(response, 404, { error: 'Not found.' })
    send(request, response, hub.content ?? content)
  }

  function send(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
    const [, first, last] = /^bytes=(\d+)-(\d+)?$/.exec(request.headers.range ?? '') ?? []
    const start = Number(first ?? 0)
    const end = Math.min(Number(last ?? content.length - 1) + 1, content.length)
    response.writeHead(first === undefined ? 200 : 206, {
      etag: '"e"',
      'content-length': end - start,
      ...(first !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${content.length}` }),
    })
    const isProbe = request.headers.range === 'bytes=0-0'
    const sent = content.subarray(start, isProbe ? end : Math.min(end, start + (hub.cutAfterBytes ?? end)))
    if (sent.length === end - start) response.end(sent)
    else response.write(sent, () => response.destroy())
  }

  return hub
}

function describe([path, content]: [string, Buffer]) {
  const { length: size } = content
  const oid = createHash('sha1').update(`blob ${size}\0`).update(content).digest('hex')
  if (!path.endsWith('.parquet')) return { type: 'file', path, size, oid }
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { type: 'file', path, size, oid, lfs: { oid: sha256, size, pointerSize: 130 } }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
