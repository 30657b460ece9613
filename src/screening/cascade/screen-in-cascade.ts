import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { wilsonInterval } from '../../numeric/proportion-interval.ts'
import { createRandom, deriveSeed } from '../../numeric/random.ts'
import { countChosen } from '../choose-rows.ts'
import { countParts, keepPart, type PartRecord, readParts } from '../part-file.ts'
import { type ScreenRowsOptions, screenRows } from '../screen-rows.ts'
import { type FastRule, rowsPerPart } from '../screening-plan.ts'
import { type CascadeAgreement, type CascadeOutcome, keepOutcome, type ShareOfRows } from './cascade-outcome.ts'
import { isOpen, isTaken, type Threshold, thresholdsOf } from './decide.ts'
import { estimateOf, fitLineOfTrait, type LineOfTrait } from './line-of-trait.ts'

/** Rows read both ways to learn what a first reading tells. */
export const calibrationRows = 256
/** Other rows read in full to count how often the cascade decides as the full pass. */
export const checkedRows = 1024
/** With fewer rows the sampled ones are most of the work. */
export const fewestRows = 2 * (calibrationRows + checkedRows)
/** What the agreement must exceed, with 95 % certainty. */
const leastAgreement = 0.99
/** How many tokens of a response the first pass may read. */
const firstLengths = [8, 16, 32, 64, 128]
/** Of all rows, how many the margins may let be decided wrongly; a tenth of what the agreement allows. */
const mostErrors = 0.001
/** The same of the rows taken out, where these are few. */
const mostErrorsOfTaken = 0.02
/** Of the checked rows that the full pass takes out, the part that the cascade has to find. */
const leastFound = 0.9
/** More of the work of a full pass than this is not worth the first one. */
const mostWork = 0.8
/** Sets of rows read in full by number; 0 stands for none. */
const [calibrationSet, checkSet, firstRound] = [1, 2, 3]

/**
 * Screens with a cheaper first pass over all rows, which reads the beginning of every response only, and a full pass
 * over the rows that could still change sides in the decision. What the beginning tells is learned on some random
 * rows; whether the decision is the same is counted on others. Where that cannot be shown, all rows are read in full.
 * The parts it leaves in the folder are those of `screenRows`, with estimated rows among them.
 * @returns how many parts there are, and what became of the cascade
 * @throws as `screenRows`
 */
export async function screenInCascade(
  options: ScreenRowsOptions & { readonly rules: readonly FastRule[] },
): Promise<{ readonly parts: number; readonly outcome: CascadeOutcome }> {
  const total = countChosen(
    options.plan.files.reduce((sum, { rows }) => sum + rows, 0),
    options.plan.settings,
  )
  const cascade = new Cascade(options, total)
  const outcome = total < fewestRows ? await cascade.readAll('small') : await cascade.run()
  await keepOutcome(options.folder, outcome)
  return { parts: await cascade.merge(outcome), outcome }
}

/** The rows, by their number among the chosen ones, that a cascade learns from. */
export function drawCalibrationRows(rows: number, seed: number): number[] {
  return drawRows(rows, calibrationRows, createRandom(deriveSeed(seed, 'calibration rows of a cascade')))
}

/** Removes what a cascade kept on the way. */
export async function removeCascade(folder: string): Promise<void> {
  await rm(join(folder, 'fast'), { recursive: true, force: true })
}

/** Rows that were read, in their order: which ones, and where the records are. */
interface RowSet {
  readonly folder: string
  readonly parts: number
  readonly has: (row: number) => boolean
}

class Cascade {
  readonly #options: ScreenRowsOptions & { readonly rules: readonly FastRule[] }
  readonly #total: number
  /** By row: the number of the set it was read in full in; 0 where it was not. */
  readonly #setOf: Uint16Array
  /** By set number. */
  readonly #sets: (RowSet | undefined)[] = []
  /** By trait, all rows: the full reading where there is one, else the estimate; NaN for neither. */
  readonly #values: readonly Float64Array[]
  #first: RowSet | undefined
  #reused = 0
  #tokens = 0

  constructor(options: ScreenRowsOptions & { readonly rules: readonly FastRule[] }, total: number) {
    this.#options = options
    this.#total = total
    this.#setOf = new Uint16Array(total)
    this.#values = options.traits.map(() => new Float64Array(total).fill(Number.NaN))
  }

  async run(): Promise<CascadeOutcome> {
    const { seed } = this.#options.plan.settings
    const calibration = drawCalibrationRows(this.#total, seed)
    this.#mark(calibration, calibrationSet)
    await this.#readFull(calibrationSet, 'Sampling')
    const full = this.#readingsOf(calibration)
    const firstTokens = await this.#chooseLength()
    const calibrated = { calibrationRows: full.size }
    if (firstTokens === undefined) return await this.readAll('no-gain', calibrated)
    const readings = await this.#readFirst(firstTokens)
    const lines = this.#fitLines(full, readings)
    if (!lines) return await this.readAll('no-gain', calibrated)
    const estimates = this.#estimate(readings, lines)
    const facts = { ...calibrated, firstTokens, lines }

    const readable = indexesWhere(this.#total, row => !Number.isNaN(estimates[0]![row]!) && this.#setOf[row] === 0)
    if (readable.length < checkedRows) return await this.readAll('fallback', facts)
    const others = createRandom(deriveSeed(seed, 'checked rows of a cascade'))
    const checked = drawRows(readable.length, checkedRows, others).map(at => readable[at]!)
    this.#mark(checked, checkSet)
    await this.#readFull(checkSet, 'Checking')
    const known = this.#readingsOf(checked)
    for (let set = firstRound; ; set++) {
      const thresholds = this.#thresholds()
      const agreement = agreementOf(known, estimates, lines, thresholds)
      if (!isEnough(agreement)) return await this.readAll('fallback', { ...facts, agreement })
      const open = indexesWhere(
        this.#total,
        row =>
          this.#setOf[row] === 0 &&
          thresholds.some(threshold => isOpen(threshold, estimates[threshold.trait]![row]!, lines[threshold.trait]!)),
      )
      if (open.length === 0) return { kind: 'cascade', ...facts, agreement, rows: this.#rowsRead() }
      this.#mark(open, set)
      await this.#readFull(set, 'Full pass')
    }
  }

  /** Reads in full what was not, and so all. */
  async readAll(
    kind: Exclude<CascadeOutcome['kind'], 'cascade'>,
    facts: Omit<CascadeOutcome, 'kind' | 'rows'> = {},
  ): Promise<CascadeOutcome> {
    this.#first = undefined
    const set = Math.max(firstRound, this.#sets.length)
    this.#mark(
      indexesWhere(this.#total, row => this.#setOf[row] === 0),
      set,
    )
    await this.#readFull(set, 'Scoring')
    return { kind, ...facts, rows: { readInFull: this.#total, estimated: 0 } }
  }

  /** Brings all sets into one, in the order of the rows. */
  async merge({ lines = [] }: CascadeOutcome): Promise<number> {
    const { folder, traits } = this.#options
    const first = this.#first && readRecords(this.#first)
    const full = this.#sets.map(set => set && readRecords(set))
    const known = await countParts(folder)
    let part = 0
    let records: PartRecord[] = []
    const finish = async () => {
      if (part >= known) await keepPart(folder, part, records)
      part++
      records = []
    }
    for (let row = 0; row < this.#total; row++) {
      const estimated = await first?.next()
      const record = this.#setOf[row] === 0 ? estimated?.value : (await full[this.#setOf[row]!]!.next()).value
      if (!record) throw new RangeError(`row ${row} of the cascade was not read`)
      records.push(
        record.kind !== 'scored'
          ? record
          : this.#setOf[row] === 0
            ? estimatedRecord(record, lines, traits.length)
            : withoutBeginnings(record),
      )
      if (records.length === rowsPerPart) await finish()
    }
    if (records.length > 0) await finish()
    return part
  }

  #thresholds(): Threshold[] {
    const { rules, plan } = this.#options
    return thresholdsOf(rules, plan.traits, this.#values)
  }

  #rowsRead(): CascadeOutcome['rows'] {
    const estimated = indexesWhere(this.#total, row => this.#setOf[row] === 0).length
    return { readInFull: this.#total - estimated, estimated }
  }

  #mark(rows: readonly number[], set: number): void {
    for (const row of rows) this.#setOf[row] = set
  }

  /** Reads the rows of a set in full. */
  async #readFull(number: number, phase: string): Promise<void> {
    const has = (row: number) => this.#setOf[row] === number
    const set = await this.#read(
      `full-${number}`,
      has,
      phase,
      number === calibrationSet ? { beginnings: firstLengths } : {},
    )
    this.#sets[number] = set
    for await (const { row, projections } of projectionsOf(set, this.#total))
      for (const [trait, values] of this.#values.entries()) values[row] = projections?.[trait] ?? Number.NaN
  }

  /** The readings of some rows by trait, without those that could not be read. */
  #readingsOf(rows: readonly number[]): Map<number, readonly number[]> {
    const readings = rows.map(row => [row, this.#values.map(values => values[row]!)] as const)
    return new Map(readings.filter(([, values]) => !values.some(Number.isNaN)))
  }

  /**
   * How much of each response the first pass reads: what costs least together with the rows that would have to be
   * read again, both told by the calibration rows. Prompts are left out of the account.
   * @returns undefined where nothing would be won
   */
  async #chooseLength(): Promise<number | undefined> {
    const { plan, rules } = this.#options
    const { maxTokens = Number.POSITIVE_INFINITY } = plan.settings
    const rows: Extract<PartRecord, { kind: 'scored' }>[] = []
    for await (const record of readRecords(this.#sets[calibrationSet]!)) if (record.kind === 'scored') rows.push(record)
    const full = plan.traits.map((_, trait) => Float64Array.from(rows, ({ scores }) => scores[trait]!.projection))
    const thresholds = thresholdsOf(asShares(rules, this.#total), plan.traits, full)
    const tokens = rows.reduce((sum, row) => sum + row.tokens, 0)
    let best: { work: number; firstTokens: number } | undefined
    for (const [index, firstTokens] of firstLengths.entries()) {
      if (firstTokens >= maxTokens) continue
      const first = plan.traits.map((_, trait) => rows.map(({ beginnings }) => beginnings![index]![trait]!))
      const lines = fitAll(plan.traits, first, full, thresholds)
      if (!lines) continue
      const isRowOpen = (row: number) =>
        thresholds.some(of => isOpen(of, estimateOf(lines[of.trait]!, first[of.trait]![row]!), lines[of.trait]!))
      const open = rows.filter((_, row) => isRowOpen(row)).length
      const read = rows.reduce((sum, row) => sum + Math.min(row.tokens, firstTokens * row.scores[0]!.turns.length), 0)
      const work = read / tokens + open / rows.length
      if (work < (best?.work ?? mostWork)) best = { work, firstTokens }
    }
    return best?.firstTokens
  }

  /** The first pass. @returns the projections of all beginnings, by trait; NaN where a row could not be read */
  async #readFirst(firstTokens: number): Promise<Float64Array[]> {
    this.#first = await this.#read(`first-${firstTokens}`, () => true, 'First pass', { maxTokens: firstTokens })
    const readings = this.#values.map(() => new Float64Array(this.#total))
    for await (const { row, projections } of projectionsOf(this.#first, this.#total))
      for (const [trait, values] of readings.entries()) values[row] = projections?.[trait] ?? Number.NaN
    return readings
  }

  #fitLines(
    full: ReadonlyMap<number, readonly number[]>,
    readings: readonly Float64Array[],
  ): LineOfTrait[] | undefined {
    const { plan, rules } = this.#options
    const rows = [...full.keys()].filter(row => !Number.isNaN(readings[0]![row]!))
    const wholes = readings.map((_, trait) => Float64Array.from(rows, row => full.get(row)![trait]!))
    const first = readings.map(values => rows.map(row => values[row]!))
    return fitAll(plan.traits, first, wholes, thresholdsOf(asShares(rules, this.#total), plan.traits, wholes))
  }

  /** Turns readings of beginnings into estimates, in place, and takes those of rows not read in full as their values. */
  #estimate(readings: readonly Float64Array[], lines: readonly LineOfTrait[]): readonly Float64Array[] {
    for (const [trait, values] of readings.entries()) {
      for (let row = 0; row < this.#total; row++) {
        values[row] = estimateOf(lines[trait]!, values[row]!)
        if (this.#setOf[row] === 0) this.#values[trait]![row] = values[row]!
      }
    }
    return readings
  }

  async #read(
    name: string,
    has: RowSet['has'],
    phase: string,
    { maxTokens, beginnings }: { readonly maxTokens?: number; readonly beginnings?: readonly number[] } = {},
  ): Promise<RowSet> {
    const { plan, onProgress = () => {} } = this.#options
    const folder = join(this.#options.folder, 'fast', name)
    const before = this.#tokens
    let reused = 0
    const parts = await screenRows({
      ...this.#options,
      folder,
      plan: maxTokens === undefined ? plan : { ...plan, settings: { ...plan.settings, maxTokens } },
      ...(beginnings && { beginnings }),
      only: { has, count: indexesWhere(this.#total, has).length },
      onProgress: progress => {
        reused = progress.reusedRows
        this.#tokens = before + progress.tokens
        onProgress({ ...progress, phase, tokens: this.#tokens, reusedRows: this.#reused + reused })
      },
    })
    this.#reused += reused
    return { folder, parts, has }
  }
}

function fitAll(
  traits: readonly { readonly name: string }[],
  first: readonly (readonly number[])[],
  full: readonly ArrayLike<number>[],
  thresholds: readonly Threshold[],
): LineOfTrait[] | undefined {
  const lines = traits.map(({ name }, trait) => {
    const bounds = thresholds
      .filter(of => of.trait === trait && Number.isFinite(of.bound))
      .map(({ rule, bound }) => ({ bound, fromAbove: rule.kind === 'above' }))
    const taken = Math.max(1, countTaken(thresholds, trait, full[trait]!))
    const allowed = Math.min(mostErrors, (mostErrorsOfTaken * taken) / full[trait]!.length)
    const errors = (allowed * bounds.length) / thresholds.length
    return fitLineOfTrait(name, first[trait]!, Array.from(full[trait]!), bounds, errors)
  })
  return lines.every(line => line !== undefined) ? lines : undefined
}

function countTaken(thresholds: readonly Threshold[], trait: number, values: ArrayLike<number>): number {
  const own = thresholds.filter(of => of.trait === trait)
  return Array.from(values).filter(value => own.some(of => isTaken(of, value))).length
}

/** Where few rows are taken out, nearly all are decided alike whatever is found of the few. */
function isEnough({ same, found }: CascadeAgreement): boolean {
  return same.low >= leastAgreement && found !== undefined && found.count >= leastFound * found.of
}

/** Counts as shares, for a part of the rows. */
function asShares(rules: readonly FastRule[], rows: number): FastRule[] {
  return rules.map(rule =>
    rule.kind === 'top' && 'count' in rule.amount
      ? { ...rule, amount: { share: Math.min(1, rule.amount.count / rows) } }
      : rule,
  )
}

/** How often rows read in full are decided alike, had they not been read for it. */
function agreementOf(
  known: ReadonlyMap<number, readonly number[]>,
  estimates: readonly Float64Array[],
  lines: readonly LineOfTrait[],
  thresholds: readonly Threshold[],
): CascadeAgreement {
  let [same, taken, found] = [0, 0, 0]
  for (const [row, full] of known) {
    const byFull = thresholds.some(of => isTaken(of, full[of.trait]!))
    const byCascade = thresholds.some(of => {
      const estimate = estimates[of.trait]![row]!
      return isTaken(of, isOpen(of, estimate, lines[of.trait]!) ? full[of.trait]! : estimate)
    })
    if (byFull === byCascade) same++
    // Among the highest, another row takes the place of one that was missed.
    else if (byFull && thresholds.some(of => of.rule.kind === 'top' && isTaken(of, full[of.trait]!))) same--
    if (byFull) taken++
    if (byFull && byCascade) found++
  }
  return { rows: known.size, same: shareOf(Math.max(0, same), known.size)!, found: shareOf(found, taken) }
}

function shareOf(count: number, of: number): ShareOfRows | undefined {
  const interval = wilsonInterval(count, of)
  return interval && { count, of, ...interval }
}

/** So many different numbers below `rows`, all sets equally likely (Floyd's method: Bentley, 1987). */
function drawRows(rows: number, count: number, random: { next(): number }): number[] {
  const drawn = new Set<number>()
  for (let most = rows - count; most < rows; most++) {
    const row = Math.floor(random.next() * (most + 1))
    drawn.add(drawn.has(row) ? most : row)
  }
  return [...drawn]
}

function indexesWhere(rows: number, is: (row: number) => boolean): number[] {
  const found: number[] = []
  for (let row = 0; row < rows; row++) if (is(row)) found.push(row)
  return found
}

async function* readRecords({ folder, parts }: RowSet): AsyncGenerator<PartRecord, undefined> {
  for await (const record of readParts(folder, parts)) if (record.kind !== 'own') yield record
}

/** The rows of a set with their projections; null where a row could not be read. */
async function* projectionsOf(set: RowSet, total: number) {
  let row = -1
  for await (const record of readRecords(set)) {
    do row++
    while (row < total && !set.has(row))
    yield { row, projections: record.kind === 'scored' ? record.scores.map(({ projection }) => projection) : null }
  }
}

function withoutBeginnings({ beginnings: _, ...record }: Extract<PartRecord, { kind: 'scored' }>): PartRecord {
  return record
}

/** A row of the first pass as it is kept: the estimate, and nothing else that only the whole row tells. */
function estimatedRecord(
  record: Extract<PartRecord, { kind: 'scored' }>,
  lines: readonly LineOfTrait[],
  traits: number,
): PartRecord {
  const { scores, tokens: _, cut: __, ...place } = record
  return {
    ...place,
    kind: 'estimated',
    cut: false,
    scores: Array.from({ length: traits }, (_unused, trait) => ({
      projection: estimateOf(lines[trait]!, scores[trait]!.projection),
      turns: scores[trait]!.turns.map(() => null),
    })),
  }
}
