import { Command } from 'commander'
import { buildNative } from '../../engine/llama/build/build-native.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { formatDuration } from '../format.ts'

export function engineBuildCommand(): Command {
  const command = new Command('build').description('compile llama.cpp for this CPU, and use it from then on')
  return setAction<[], object>(command, run)
}

async function run({ terminal, signal }: CommandContext): Promise<void> {
  const start = performance.now()
  const { directory, systemInfo } = await buildNative({
    signal,
    onProgress: (step, fraction) => {
      if (fraction === undefined) return terminal.status(`${step} ...`)
      const seconds = (performance.now() - start) / 1000
      const left = fraction > 0.05 ? `, about ${formatDuration(seconds / fraction - seconds)} left` : ''
      if (process.stderr.isTTY) terminal.status(`${step}: ${Math.round(fraction * 100)} %${left}`)
    },
  })
  terminal.print(`Built for this CPU in ${formatDuration((performance.now() - start) / 1000)}: ${directory}`)
  terminal.print(systemInfo)
  terminal.print('Models are measured again with it when they are next opened.')
  terminal.result({ directory, systemInfo })
}
