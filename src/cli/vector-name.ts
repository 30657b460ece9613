import { PersonascopeError } from '../errors/personascope-error.ts'

/** Reader of a new vector's name: it becomes a file name, and stands in `--steer name@layer=amount`. */
export function vectorName(option: string): (text: string) => string {
  return text => {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)) return text
    const expected = 'a name of letters, digits, dots, dashes and underscores'
    throw new PersonascopeError('OPTION_INVALID', { option, expected, got: text })
  }
}
