/** A server on the fake engine, with a store in the folder that is named; says where it listens. */
import { join } from 'node:path'
import { TurnStore } from '../../src/monitoring/turn-store.ts'
import { openFakeServer } from '../../src/server/fake-server.case.ts'
import { listen } from '../../src/server/listen.ts'
import { openSqlite } from '../../src/store/database-sqlite.ts'

const [folder, port] = process.argv.slice(2)
const store = await TurnStore.open(openSqlite(join(folder!, 'turns.sqlite')), { keepsText: true })
const { app } = openFakeServer({ store, limits: { running: 4, waiting: 1 } })
const listening = await listen(app.fetch, { host: '127.0.0.1', port: Number(port), guarded: false })
process.stderr.write(`Serving fake at ${listening.url}/v1\n`)
