/** Screens a dataset in a process of its own, which a test kills: `<folder> <dataset>`. Says `scoring` when it begins. */
import { screenWithFake } from './fake-screening.ts'

const [folder, dataset] = process.argv.slice(2)
await screenWithFake(folder!, [dataset!], {
  settings: { ownAnswerTokens: 4, groupColumn: 'group', labelColumn: 'label' },
  onProgress: ({ doneRows }) => {
    if (doneRows >= 0) process.stdout.write('scoring\n')
  },
})
