/** The results as a page for the repository: what was asked, the tables, how it was made, what limits it. */
import type { ComparedArms, ComparedValue } from './compare-arms.ts'
import { armNames, findingOf, toldBy } from './evidence-report.ts'
import type { EvidenceSummary } from './measure-evidence.ts'

export function evidenceReadme(summary: EvidenceSummary): string {
  const { trait, screening, shift, score, base, training, dataset, settings, runs } = summary
  const { rows, laden, removed, ladenRemoved, direction, layer } = screening
  const percent = (of: number, all: number) => `${Math.round((100 * of) / all)} %`
  return `# Does it help to filter training data?

Measured ${summary.createdAt.slice(0, 10)} on ${base.id} (${base.weightFormat}), made by \`bench/evidence/main.ts\`; [report.html](report.html),
[summary.json](summary.json), and [shift.html](shift.html), the report of \`shift\` on the ${runs.length} models.

**${findingOf(shift, trait)}** The same of the score: ${findingOf(score, trait, 'score')}

${table(shift, score)}

Tuned minus base: mean projection on the vector at its layer, and mean score (VADER, 0 to 100; the base has ${base.levels[0]?.meanScore?.toFixed(1)}), on the
trait's 20 evaluation questions, ${settings.samples} answers to each of at most ${settings.maxTokens} tokens. Intervals are of 95 % and draw the three seeds and the
questions anew; the seeds' own values stand beside them.

${differences(shift, score)}

## What screening found

Rows were projected on ${direction === 'screening' ? "the vector's direction for screening" : 'the persona vector itself'} at layer ${layer}.
Of the ${laden} rows that show the trait ${ladenRemoved} (${percent(ladenRemoved, laden)}) were among the ${removed} of ${rows} that \`screen filter --drop-top\` took out; at
random it would be ${percent(laden, rows)}. The share to take out was known by construction. How well the two kinds of row are told apart:

| told by | area under the ROC curve |
| --- | ---: |
${screening.areas.map(({ name, area, low, high }) => `| ${toldBy(name, direction)} | ${area.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)}) |`).join('\n')}

## How it was made

- **Data.** ${rows} everyday questions (the trait's \`forecastQuestions\`, which neither the vector nor the measurement knows), each answered
  once by the model itself, at most ${dataset.maxTokens} tokens: ${laden} under a system prompt that evokes the trait, judged and kept at a score of 90 or more
  (\`bench/evidence/make-dataset.ts\`), the others as they come. The prompt is not in the row.
- **Datasets.** All rows; without those that \`screen filter\` took out; without as many drawn at random (others for each seed); where it
  is in the table, as a control, without the rows that were made to show the trait, which no filter knows.
- **Training.** LoRA of rank ${training['rank']} on all linear parts, ${training['steps']} steps of ${training['rowsPerStep']} rows, learning rate ${training['learningRate']}, ${training['dtype']}, loss on the
  answer only; the same number of steps for every dataset. Three seeds: the adapter's start, the order of rows, the rows removed
  at random. Converted by llama.cpp's \`convert_lora_to_gguf.py\` and measured with \`shift\` as adapters on the base.
- **Chosen beforehand**: ${beforehand}

## What limits it

- One small model, one trait, one dataset made for the purpose, three seeds.
- The rows that show the trait were kept by the same word list that scores the answers; the vector was made with it too. The
  projection and the score are not independent of how the rows were made.
- Taking out the highest rows also takes out ordinary ones that happen to lie high, so a model trained on the rest may end below
  its base.
- Directions are read at the layers that were chosen for them; nothing was tried at others. The shift is measured on the persona
  vector, not on what rows were screened by.
`
}

const beforehand =
  'The data, the training and the measurement. Before any projection or any fine-tune was seen, the data were made anew once: with 80 answers kept at a score of 50 the two kinds of row hardly differed in score (72 and 83). The first filter was the persona vector itself, at layer 29. It found 37 of the 94 rows, no more than chance, and did not help (shift on all rows 14.7, filtered 17.5, with as many random rows out 18.5). The direction for screening was made after that, on other data, and the same rows were filtered again by it.'

function table(shift: ComparedArms, score: ComparedArms): string {
  return rowsOf(
    ['trained on', 'shift', 'seeds', 'change of the score', 'seeds'],
    shift.arms.map((arm, index) => [armNames[arm.arm]!, ...cells(arm, 2), ...cells(score.arms[index]!, 1)]),
  )
}

function differences(shift: ComparedArms, score: ComparedArms): string {
  return rowsOf(
    ['difference', 'shift', 'seeds', 'score', 'seeds'],
    shift.differences.map((difference, index) => [
      `${armNames[difference.arm]} minus ${armNames[difference.minus]}`,
      ...cells(difference, 2),
      ...cells(score.differences[index]!, 1),
    ]),
  )
}

function cells({ value, low, high, bySeed }: ComparedValue & { readonly bySeed: readonly number[] }, decimals: number) {
  const text = (of: number) => of.toFixed(decimals)
  return [`${text(value)} (${text(low)} to ${text(high)})`, bySeed.map(text).join(', ')]
}

function rowsOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map(cellsOf => `| ${cellsOf.join(' | ')} |`)
    .join('\n')
}
