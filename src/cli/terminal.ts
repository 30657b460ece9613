/** Where commands print: results on standard output, all else on standard error. */
export interface Terminal {
  readonly json: boolean
  /** Columns of standard output; 100 where it is no terminal. */
  readonly width: number
  /** A result for a person. Left out with --json. */
  print(text?: string): void
  /** Text without an end of line, as it comes. Left out with --json. */
  write(text: string): void
  /** The whole result for a machine; printed with --json only. */
  result(value: unknown): void
  /** Something to know that is no result. */
  note(text: string): void
  /** A line that is overwritten by the next one where standard error is a terminal. */
  status(text: string): void
}

export function openTerminal(json: boolean): Terminal {
  const overwrites = process.stderr.isTTY === true
  let statusShown = false
  const clearStatus = () => {
    if (statusShown) process.stderr.write('\r\x1b[2K')
    statusShown = false
  }
  return {
    json,
    width: process.stdout.columns ?? 100,
    print(text = '') {
      clearStatus()
      if (!json) process.stdout.write(`${text}\n`)
    },
    write(text) {
      clearStatus()
      if (!json) process.stdout.write(text)
    },
    result(value) {
      clearStatus()
      if (json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
    },
    note(text) {
      clearStatus()
      process.stderr.write(`${text}\n`)
    },
    status(text) {
      if (!overwrites) return void process.stderr.write(`${text}\n`)
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 100) - 1)}`)
      statusShown = true
    },
  }
}
