import { Command } from 'commander'
import { openWorkspace } from '../../store/workspace.ts'
import { loadTrait } from '../../trait/load-trait.ts'
import type { Trait } from '../../trait/trait.ts'
import { type CommandContext, setAction } from '../command-context.ts'
import { wrap } from '../format.ts'

export function traitShowCommand(): Command {
  const command = new Command('show')
    .description('show a trait with all its prompts and questions')
    .argument('<trait>', 'the name of a trait, or the path of a trait file')
  return setAction<[string], object>(command, run)
}

async function run({ terminal, options }: CommandContext, _options: object, name: string): Promise<void> {
  const { trait, path, hash } = await loadTrait(name, openWorkspace(options.workspace).traits)
  terminal.print(formatTrait(trait, terminal.width))
  terminal.print(`\n${path}`)
  terminal.result({ ...trait, path, hash })
}

function formatTrait(trait: Trait, width: number): string {
  const numbered = (texts: readonly string[]) =>
    texts.map((text, index) => labelled(`${index + 1}.`.padStart(4), text, width))
  const sections: [title: string, entries: readonly string[]][] = [
    [trait.name, [labelled('', trait.description, width)]],
    [
      'Contrastive prompts: + evokes the trait, - suppresses it',
      trait.contrastivePrompts.flatMap(({ positive, negative }, index) => [
        labelled(`${`${index + 1}.`.padStart(4)} +`, positive, width),
        labelled('     -', negative, width),
      ]),
    ],
    ['Extraction questions', numbered(trait.extractionQuestions)],
    ['Evaluation questions', numbered(trait.evaluationQuestions)],
    ['Ladder', trait.ladder.map(({ level, prompt }) => labelled(String(level).padStart(4), prompt, width))],
    ['Rubric', trait.rubric.split('\n').map(line => labelled('', line, width))],
    ['Lexicon', [labelled('', trait.lexicon ?? 'none: counting words does not measure this trait', width)]],
    ['Forecast questions', numbered(trait.forecastQuestions ?? [])],
  ]
  return sections
    .filter(([, entries]) => entries.length > 0)
    .map(([title, entries]) => [title, ...entries].join('\n'))
    .join('\n\n')
}

/** A text beside its label, wrapped so that it stays to the right of it. */
function labelled(label: string, text: string, width: number): string {
  const indent = label === '' ? '  ' : ' '.repeat(label.length + 1)
  return wrap(text, Math.max(20, width - indent.length))
    .map((line, index) => `${index === 0 && label !== '' ? `${label} ` : indent}${line}`.trimEnd())
    .join('\n')
}
