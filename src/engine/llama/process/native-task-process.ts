/** The process behind `runNativeTask`: does one task, says what came of it, ends. */
import { PersonascopeError } from '../../../errors/personascope-error.ts'
import { gpusOf, loadLibrary, startBackends } from '../native/load-library.ts'
import { fileTypes } from '../native/structs.ts'
import type { NativeTask, NativeTaskResult } from './native-task.ts'

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.once('message', (task: NativeTask) => {
  process.send?.(attempt(task), () => process.exit(0))
})

function attempt(task: NativeTask): NativeTaskResult {
  try {
    return run(task)
  } catch (error) {
    return { error: PersonascopeError.from(error).toMessage() }
  }
}

function run(task: NativeTask): NativeTaskResult {
  const library = loadLibrary(task.libraryDirectory)
  startBackends(library)
  if (task.kind === 'inspect-library') {
    return { systemInfo: library.systemInfo(), version: library.version(), gpus: gpusOf(library) }
  }
  const status = library.quantize(task.from, task.to, {
    ...library.quantizeDefaults(),
    ftype: fileTypes[task.format],
    allow_requantize: true,
  })
  return { status }
}
