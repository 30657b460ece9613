/** Words of English prompts and questions, as far as checking a trait needs them. */

/** Words that carry no topic: function words, and those that questions of every topic are made with. */
const commonWords = new Set(
  `a about after again all alone also always am an and another any anyone anything are as ask asked asking at away
  be because been before being best better between bit both but by can could day days describe did do does doing
  done each either else ever every everyone everything expect explain find first for from full get give go goes
  going good got had happen happens has have he her here him his how i if important in into is it its just keep know
  last left less let like list little long look make makes making many matter may me mean more most much must my
  name need never new next no none nor not nothing now of off often on once one only or other others our out over
  own people person please put rather really reason reasons right said same say see she should so some someone
  something somewhat special start still subject such take tell than that the their them then there these they thing
  things think this those through time to today too topic two under until up us use usually very want was way ways
  we well were what whatever when where whether which while who whom whose why will with without word words would
  write yes yet you your yours`.split(/\s+/),
)

/** Endings that make one word out of another, longest first. */
const endings = (
  'istically lessness fulness ousness iveness ically lessly fully ously ively istic ingly ation ement ical ness ' +
  'less ism ist ity ful ous ive ing ion ier ily ate ant ent ish ic ly ed al'
).split(' ')

/** The words of a text in lower case, without punctuation and possessive endings. */
export function wordsOf(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase().replaceAll('’', "'")
  return (plain.match(/[\p{L}\p{N}]+(?:'[\p{L}]+)*/gu) ?? []).map(word => word.replace(/'(?:s|re|ve|ll|d|m)$/, ''))
}

/** A text as its words alone: equal for texts that differ in case, punctuation and space. */
export function normalised(text: string): string {
  return wordsOf(text).join(' ')
}

/** What a word shares with its family: `joyful`, `joyous` and `joy` have one stem. Rough, and English. */
export function stemOf(word: string): string {
  const singular = word.replace(/ies$/, 'y').replace(/(?<=(?:[cs]h|[sxzo]))es$|(?<=\w\w[^su])s$/, '')
  const spelled = singular.replace(/our(?=$|ed|ing|ful|less|ous)/, 'or')
  const ending = endings.find(end => spelled.endsWith(end) && isLongEnough(spelled.slice(0, -end.length), end))
  return withoutLastVowel(ending ? spelled.slice(0, -ending.length) : spelled)
}

/** `ring` is not the -ing of r, and `caring` not that of `car`. */
function isLongEnough(stem: string, ending: string): boolean {
  return stem.length >= (ending === 'ing' || ending.length <= 2 ? 4 : 3) || (stem.length === 3 && endsDouble.test(stem))
}

const endsDouble = /([bdfgmnprt])\1$/

/** `happy` and `happi(ness)`, `polite` and `polit(ely)`, `run` and `runn(ing)` end alike then. */
function withoutLastVowel(stem: string): string {
  const shorter = /.{3}[iy]$|.{4}e$/.test(stem) ? stem.slice(0, -1) : stem
  return endsDouble.test(shorter) ? shorter.slice(0, -1) : shorter
}

/** Whether two stems are of one family although their endings left them different: `apathet` and `apath`. */
export function areRelatedStems(a: string, b: string): boolean {
  if (a === b) return true
  let shared = 0
  while (shared < Math.min(a.length, b.length) && a[shared] === b[shared]) shared++
  return shared >= 5 && shared >= 0.75 * Math.max(a.length, b.length) - 1
}

export function isCommonWord(word: string): boolean {
  return commonWords.has(word) || word.includes("'")
}

/** The stems a text is about; all its stems where it has common words only. */
export function topicStems(text: string): Set<string> {
  const words = wordsOf(text)
  const topical = words.filter(word => !isCommonWord(word))
  return new Set((topical.length > 0 ? topical : words).map(stemOf))
}

/** How much two sets have in common: shared elements over all elements, 0..1. */
export function overlapOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter(element => b.has(element)).length
  return shared === 0 ? 0 : shared / (a.size + b.size - shared)
}
