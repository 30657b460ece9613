import { Command } from 'commander'
import { examineMachine, type Finding } from '../../workbench/examine-machine.ts'
import { type CommandContext, setAction } from '../command-context.ts'

const signs = { good: 'ok', note: '--', bad: '!!' } as const

export function doctorCommand(): Command {
  return setAction<[], object>(
    new Command('doctor').description('say what works on this machine, and what to do about what does not'),
    run,
  )
}

async function run({ terminal }: CommandContext): Promise<void> {
  terminal.status('Looking at this machine ...')
  const findings = await examineMachine()
  for (const finding of findings) terminal.print(describe(finding))
  terminal.result(findings)
}

function describe({ status, what, detail, remedy }: Finding): string {
  const lines = [`${signs[status]}  ${what.padEnd(15)} ${detail}`]
  if (remedy) lines.push(`${' '.repeat(20)}${remedy}`)
  return lines.join('\n')
}
