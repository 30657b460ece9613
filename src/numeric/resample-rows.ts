/** The rows of clusters, for resampling them whole. */
import type { Numbers } from './numbers.ts'

/**
 * The rows of the chosen clusters, cluster after cluster; a cluster chosen twice gives its rows twice.
 * @param clusterRows the row numbers of each cluster
 * @param chosen cluster numbers, as a bootstrap draws them
 */
export function resampleRows(clusterRows: readonly Numbers[], chosen: Int32Array): Int32Array {
  let count = 0
  for (let i = 0; i < chosen.length; i++) count += clusterRows[chosen[i]!]!.length
  const rows = new Int32Array(count)
  let next = 0
  for (let i = 0; i < chosen.length; i++) {
    const cluster = clusterRows[chosen[i]!]!
    for (let j = 0; j < cluster.length; j++) rows[next++] = cluster[j]!
  }
  return rows
}

/** The rows of each cluster, clusters in the order in which they first appear. */
export function clusterRows(clusters: ArrayLike<string | number>): readonly (readonly number[])[] {
  const rows = new Map<string | number, number[]>()
  for (let row = 0; row < clusters.length; row++) {
    const known = rows.get(clusters[row]!)
    if (known) known.push(row)
    else rows.set(clusters[row]!, [row])
  }
  return [...rows.values()]
}

/** The values at these rows, in their order. */
export function takeRows(values: Numbers, rows: ArrayLike<number>): Float64Array {
  const taken = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]!]!
  return taken
}
