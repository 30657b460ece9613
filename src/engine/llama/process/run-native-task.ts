import { fork } from 'node:child_process'
import { type ErrorMessage, PersonascopeError } from '../../../errors/personascope-error.ts'
import { lastWords } from './last-words.ts'
import type { NativeTask, NativeTaskResult } from './native-task.ts'

/**
 * Runs a task in a child process.
 * @throws the task's own error, ENGINE_CRASHED if the process ended without an answer, ENGINE_ABORTED
 */
export async function runNativeTask(
  task: NativeTask,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Exclude<NativeTaskResult, { error: ErrorMessage }>> {
  if (options.signal?.aborted) throw new PersonascopeError('ENGINE_ABORTED')
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const child = fork(new URL(`./native-task-process.${extension}`, import.meta.url), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--no-warnings'],
  })
  let output = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-16_384)
  })
  const onAbort = () => child.kill('SIGKILL')
  options.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await new Promise((resolve, reject) => {
      child.once('message', (result: NativeTaskResult) => {
        if ('error' in result) reject(PersonascopeError.fromMessage(result.error))
        else resolve(result)
      })
      child.once('close', (code, signal) => {
        if (options.signal?.aborted) return reject(new PersonascopeError('ENGINE_ABORTED'))
        reject(
          new PersonascopeError('ENGINE_CRASHED', { detail: `${signal ?? `exit code ${code}`}: ${lastWords(output)}` }),
        )
      })
      child.send(task)
    })
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}
