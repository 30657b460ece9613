import { join } from 'node:path'
import { TurnStore } from '../monitoring/turn-store.ts'
import type { Database } from '../store/database.ts'
import { openSqlite } from '../store/database-sqlite.ts'
import type { Workspace } from '../store/workspace.ts'

/**
 * The turns of a workspace: in PostgreSQL where DATABASE_URL names one, else in a SQLite file of the workspace.
 * @throws DATABASE_UNAVAILABLE, DATABASE_TOO_NEW
 */
export async function openTurnStore(
  workspace: Workspace,
  options: { readonly keepsText?: boolean } = {},
): Promise<TurnStore> {
  const url = process.env['DATABASE_URL']
  const database = url ? await openServer(url) : openSqlite(join(workspace.path, 'turns.sqlite'))
  try {
    return await TurnStore.open(database, options)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Loaded when needed: most workspaces have a file. */
async function openServer(url: string): Promise<Database> {
  const { openPostgresql } = await import('../store/database-postgresql.ts')
  return openPostgresql(url)
}
