import { readFileSync } from 'node:fs'

/** System prompts of everyday roles that have to do with no trait: a forecaster learns what questions do under them. */
export const everydayPrompts: readonly string[] = JSON.parse(
  readFileSync(new URL('../../assets/everyday-prompts.json', import.meta.url), 'utf8'),
)
