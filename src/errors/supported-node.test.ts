import { expect, test } from 'vitest'
import { requireNode } from './supported-node.ts'

test.each(['22.18.0', '22.19.1', '24.0.0', '100.0.0', process.versions.node])('Node %s is new enough', version => {
  expect(() => requireNode(version)).not.toThrow()
})

test.each(['22.17.9', '21.99.0', '20.20.2', '4.18.0'])('Node %s is refused in one line', version => {
  expect(() => requireNode(version)).toThrow(
    new RegExp(`^Personascope needs Node 22\\.18 or newer, this is ${version.replaceAll('.', '\\.')}.*$`),
  )
})
