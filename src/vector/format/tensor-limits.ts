import { Malformed } from '../../model/header-reader.ts'

/** More than any vector file has: 128 layers of 32,768 numbers. */
export const mostValues = 2 ** 22

/** More layers than any model has. */
export const mostRows = 4096

/** How many numbers a shape holds. Throws Malformed where that is more than a vector file can have. */
export function valuesIn(shape: readonly number[], what: string): number {
  const count = shape.reduce((product, length) => product * length, 1)
  if (count > mostValues)
    throw new Malformed(`${what} claims ${shape.join(' x ')} numbers, at most ${mostValues} are read`)
  return count
}
