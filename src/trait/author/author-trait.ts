import { PersonascopeError } from '../../errors/personascope-error.ts'
import type { Trait } from '../trait.ts'
import { AuthorDesk, type AuthorDeskOptions } from './author-desk.ts'
import {
  differentPairs,
  type Foundation,
  foundationTask,
  ladderTask,
  moreQuestionsTask,
  pairSides,
  pairTask,
  questionAreas,
  questionsPerBatch,
  questionsTask,
  rubricTask,
  type TraitWish,
  toFoundation,
  toLadder,
  toRubric,
} from './author-tasks.ts'
import { chooseQuestions, splitQuestions } from './choose-questions.ts'
import { draftTrait } from './draft-trait.ts'

export interface AuthoredTrait {
  readonly trait: Trait
  /** Replies that came from the author now. */
  readonly askedReplies: number
  /** Replies that were known from an earlier run. */
  readonly rememberedReplies: number
  readonly refusedQuestions: number
}

/** Twenty to extract and twenty to evaluate. */
const wantedQuestions = 40
/** With fewer than these there is no trait. */
const fewestQuestions = 4
/** How often questions are asked for again. */
const moreRounds = 5

/**
 * Has an author write a trait: description and contrastive pairs first, then questions in batches, the rubric and the
 * ladder side by side, then questions in the place of those that were left out. Every reply is kept as it comes: a run
 * that was stopped goes on without asking twice.
 * @returns a trait of the right form; `checkTrait` says what else is to be said about it. It has fewer than 40 questions
 * where the author had no more that differ
 * @throws AUTHOR_FAILED, AUTHOR_UNREACHABLE, AUTHOR_REFUSED, INTERRUPTED, DISK_FULL, FILE_UNWRITABLE
 */
export async function authorTrait(wish: TraitWish, options: AuthorDeskOptions): Promise<AuthoredTrait> {
  const desk = new AuthorDesk(options)
  const founded = options.author.needsSmallSteps
    ? await foundInSmallSteps(wish, desk)
    : toFoundation(await desk.write(foundationTask(wish)))
  const [batches, rubric, ladder] = await desk.together([
    desk.together(questionAreas.map((_, area) => desk.write(questionsTask(wish, area)))),
    desk.write(rubricTask(wish, founded)),
    desk.write(ladderTask(wish, founded)),
  ])
  const draft = draftTrait({ name: wish.name, ...founded, rubric: toRubric(rubric), ladder: toLadder(ladder) })
  const candidates = batches.flatMap(({ questions }) => questions)
  let chosen = chooseQuestions(draft, candidates)
  for (let round = 1; round <= moreRounds && chosen.accepted.length < wantedQuestions; round++) {
    const missing = wantedQuestions - chosen.accepted.length
    const count = Math.min(questionsPerBatch, missing + 3)
    const { accepted, refused } = chosen
    const latest = refused.slice(-questionsPerBatch).map(({ reason }) => reason)
    const { questions } = await desk.write(moreQuestionsTask(wish, round, count, { accepted, refused: latest }))
    candidates.push(...questions)
    chosen = chooseQuestions(draft, candidates)
  }
  if (chosen.accepted.length < fewestQuestions) {
    const detail = `only ${chosen.accepted.length} of ${candidates.length} can be used; ${chosen.refused[0]?.reason}`
    const facts = { author: options.author.id, part: 'questions', detail: detail.replace(/\.$/, '') }
    throw new PersonascopeError('AUTHOR_FAILED', facts)
  }
  return {
    trait: { ...draft, ...splitQuestions(chosen.accepted.slice(0, wantedQuestions)) },
    askedReplies: desk.counts.asked,
    rememberedReplies: desk.counts.remembered,
    refusedQuestions: chosen.refused.length,
  }
}

/** The description is the wish itself then, and every pair is asked for alone. */
async function foundInSmallSteps(wish: TraitWish, desk: AuthorDesk): Promise<Foundation> {
  const pairs = await desk.together(pairSides.map((_, side) => desk.write(pairTask(wish, side))))
  return { description: wish.describe.replace(/\s+/g, ' ').trim(), contrastivePrompts: differentPairs(pairs) }
}
