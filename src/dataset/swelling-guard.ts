import { invalidDataset } from './dataset-file.ts'

/** Text is seldom packed tighter than 1 : 30; a file that swells more than this, and past `harmlessBytes`, is a bomb. */
const mostSwelling = 200
const harmlessBytes = 64 * 2 ** 20

/**
 * Watches what comes out of a packed file.
 * @param packedBytes the size of the file
 * @returns to be told of all bytes as they come; throws FILE_INVALID where they are more than any text would give
 */
export function swellingGuard(path: string, packedBytes: number): (moreBytes: number) => void {
  const mostBytes = Math.max(harmlessBytes, mostSwelling * packedBytes)
  let bytes = 0
  return moreBytes => {
    bytes += moreBytes
    if (bytes > mostBytes)
      throw invalidDataset(path, `it unpacks to more than ${mostSwelling} times its size, as no text does`)
  }
}
