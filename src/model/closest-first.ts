/** Names in the order of how close they are to `wanted`, as a person would mistype it; ties keep their order. */
export function closestFirst(wanted: string, names: readonly string[]): string[] {
  return names
    .map(name => ({ name, distance: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .map(({ name }) => name)
}

/** A name that contains what was typed is closer than any misspelling. */
function distance(wanted: string, name: string): number {
  const contained = wanted.length > 2 && name.includes(wanted)
  return contained ? (name.length - wanted.length) / 1000 : editDistance(wanted, name)
}

/** How many letters must be put in, left out or changed to turn one text into the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1)!
}
