/**
 * Screens a dataset in a process of its own, which a test kills: `<folder> <dataset> [fast]`. Says `scoring` at every
 * progress.
 */
import { fakeVectors, fastRules, screenWithFake } from './fake-screening.ts'

const [folder, dataset, fast] = process.argv.slice(2)
await screenWithFake(folder!, [dataset!], {
  ...(fast
    ? { vectors: fakeVectors.slice(0, 1), fast: { rules: fastRules } }
    : { settings: { ownAnswerTokens: 4, groupColumn: 'group', labelColumn: 'label' } }),
  onProgress: ({ doneRows }) => {
    if (doneRows >= 0) process.stdout.write('scoring\n')
  },
})
