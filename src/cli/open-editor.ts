import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The editor the user has chosen, as a shell command such as `code --wait`. */
export function chosenEditor(): string | undefined {
  return process.env['VISUAL'] || process.env['EDITOR'] || undefined
}

/**
 * Opens a file in an editor and waits until that is closed.
 * @returns what went wrong as a clause, if anything did
 */
export async function openEditor(editor: string, path: string): Promise<string | undefined> {
  // The path is an argument of its own: no character in it means anything to the shell.
  const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return code === 0 ? undefined : `"${editor}" ended with ${code ?? signal}`
}
