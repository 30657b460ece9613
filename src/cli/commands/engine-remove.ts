import { Command } from 'commander'
import { removeNativeBuild } from '../../engine/llama/build/build-native.ts'
import { locateLibrary } from '../../engine/llama/native/locate-library.ts'
import { type CommandContext, setAction } from '../command-context.ts'

export function engineRemoveCommand(): Command {
  const command = new Command('remove').description('remove the build for this CPU; the prebuilt library is used again')
  return setAction<[], object>(command, run)
}

async function run({ terminal }: CommandContext): Promise<void> {
  await removeNativeBuild()
  const library = locateLibrary()
  terminal.print(`In use now: ${library.origin}, ${library.directory}`)
  terminal.result(library)
}
