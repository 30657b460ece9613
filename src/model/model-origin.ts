import type { ModelSource } from './catalogue.ts'

/** Where a model file on this machine came from. */
export type ModelOrigin =
  | {
      readonly kind: 'hub'
      readonly repo: string
      /** The revision that was asked for, and the commit it was. */
      readonly revision: string
      readonly commit: string
      readonly file: string
    }
  | { readonly kind: 'pythonPackage'; readonly requirements: readonly string[] }
  | { readonly kind: 'file' }

/** A source in words, for a person waiting for it. */
export function describeSource(source: ModelSource): string {
  if (source.kind === 'hub') return `Hugging Face hub (${source.repo})`
  const [first, ...others] = source.parts.map(part => part.requirement)
  return others.length === 0 ? `Python package ${first}` : `${others.length + 1} Python packages (${first} and so on)`
}

/** An origin in words, exact enough to find the same file again. */
export function describeOrigin(origin: ModelOrigin): string {
  switch (origin.kind) {
    case 'hub':
      return `Hugging Face hub (${origin.repo}/${origin.file}@${origin.commit})`
    case 'pythonPackage':
      return `Python package ${origin.requirements.join(', ')}`
    case 'file':
      return 'local file'
  }
}
