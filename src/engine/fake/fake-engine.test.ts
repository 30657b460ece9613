import { describeEngine } from '../engine.case.ts'
import { FakeEngine } from './fake-engine.ts'

const noGrammar = 'the fake engine has no grammars'

describeEngine({
  name: 'the fake engine',
  open: async () => new FakeEngine(),
  tolerance: 0,
  specialTexts: ['<end>'],
  skip: [
    { reason: noGrammar, test: 'a grammar is obeyed' },
    { reason: noGrammar, test: 'a grammar that is none is refused, and one that cannot be met says so' },
    {
      reason: 'the fake engine keeps no prefixes and marks no boundaries',
      test: 'two prompts with one system message share tokens up to a boundary',
    },
  ],
})
