import { readFileSync } from 'node:fs'

/** The instruction sets the kernel reports for the first core, on Linux; empty elsewhere. */
export function cpuFlags(): string {
  try {
    const line = readFileSync('/proc/cpuinfo', 'utf8').match(/^(?:flags|Features)\s*:\s*(.*)$/m)
    return line?.[1] ?? ''
  } catch {
    return ''
  }
}
