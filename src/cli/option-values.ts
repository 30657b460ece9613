import { PersonascopeError } from '../errors/personascope-error.ts'

/** Readers of option values for commander: each gives the value or says what was expected. */

export function wholeNumber(option: string, lowest: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^[-+]?\d+$/.test(text.trim()) || !Number.isSafeInteger(value) || value < lowest) {
      throw new PersonascopeError('OPTION_INVALID', {
        option,
        expected: `a whole number of ${lowest} or more`,
        got: text,
      })
    }
    return value
  }
}

export function numberBetween(option: string, lowest: number, highest: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (text.trim() === '' || !(value >= lowest && value <= highest)) {
      const expected =
        highest === Number.POSITIVE_INFINITY ? `a number of ${lowest} or more` : `a number from ${lowest} to ${highest}`
      throw new PersonascopeError('OPTION_INVALID', { option, expected, got: text })
    }
    return value
  }
}

/** Numbers separated by commas. */
export function numbers(option: string, lowest = Number.NEGATIVE_INFINITY): (text: string) => number[] {
  return text => {
    const values = text.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)))
    if (values.every(value => Number.isFinite(value) && value >= lowest)) return values
    const expected = `numbers${lowest === Number.NEGATIVE_INFINITY ? '' : ` of ${lowest} or more`} separated by commas`
    throw new PersonascopeError('OPTION_INVALID', { option, expected, got: text })
  }
}

export function oneOf<T extends string>(option: string, choices: readonly T[]): (text: string) => T {
  return text => {
    const found = choices.find(choice => choice === text)
    if (!found) throw new PersonascopeError('OPTION_INVALID', { option, expected: choices.join(', '), got: text })
    return found
  }
}

/** For options that may be given several times. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value]
}
