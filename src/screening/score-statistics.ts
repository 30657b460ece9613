import { sqlName } from '../dataset/parquet.ts'
import { spearman } from '../numeric/correlation.ts'
import type { Baseline } from './baseline.ts'
import type { CascadeOutcome } from './cascade/cascade-outcome.ts'
import { areasByGroup, areasOf, type ControlArea, type GroupAreas, type Labels, readLabels } from './labelled-areas.ts'
import { type Measure, measures, type ScoresReader, scoreColumn } from './scores-file.ts'
import type { ScreeningPlan } from './screening-plan.ts'

/** How a measure is spread over rows. */
export interface Spread {
  readonly rows: number
  readonly mean: number
  readonly sd: number
  readonly min: number
  readonly max: number
  readonly p5: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** A mean with its 95 % interval (normal), over rows. */
export interface MeanEstimate {
  readonly mean: number
  readonly low: number
  readonly high: number
  readonly rows: number
}

export interface GroupSummary {
  readonly group: string
  readonly projection: MeanEstimate
  readonly difference?: MeanEstimate
}

export interface TraitSummary {
  readonly name: string
  readonly layer: number
  readonly directionHash: string
  readonly spreads: Readonly<Partial<Record<Measure, Spread>>>
  /** Null where no row could be scored. */
  readonly projection: MeanEstimate | null
  readonly difference?: MeanEstimate
  /** The mean projection minus that of the baseline, in standard deviations of the baseline. */
  readonly againstBaseline?: MeanEstimate
  /** The rank correlation of projection and length in tokens. */
  readonly lengthCorrelation: number | null
  readonly groups: readonly GroupSummary[]
  /** The vector first, then what needs no model; empty without labels. */
  readonly areas: readonly ControlArea[]
  /** Rows that show the trait against those of one group that do not; empty without labels or groups. */
  readonly groupAreas: readonly GroupAreas[]
}

export interface ScreeningSummary {
  readonly rows: {
    readonly screened: number
    readonly scored: number
    readonly unreadable: number
    readonly cut: number
    readonly duplicateIds: number
    readonly controlCharacters: number
  }
  readonly responses: number
  readonly tokens: number
  /** Unreadable rows by reason, the most frequent first. */
  readonly faults: readonly { readonly fault: string; readonly rows: number }[]
  readonly traits: readonly TraitSummary[]
  /** What became of the cascade, where one was asked for. */
  readonly fast?: CascadeOutcome
  readonly labels: { readonly positives: number; readonly negatives: number } | null
}

const z95 = 1.959963984540054
/** Groups beyond the largest ones are left out. */
const mostGroups = 50
const rankedRows = 20_000

/** What a screening found, from its scores alone: equal scores give equal summaries. */
export async function summariseScores(
  scores: ScoresReader,
  plan: ScreeningPlan,
  baselineOf: (trait: string) => Baseline | undefined,
): Promise<ScreeningSummary> {
  const [counts = []] = await scores.query(`SELECT count(*), count(*) FILTER (fault IS NULL),
    count(*) FILTER (fault IS NOT NULL), count(*) FILTER (cut), count(id) - count(DISTINCT id),
    count(*) FILTER (control_characters), coalesce(sum(responses), 0)::BIGINT, coalesce(sum(tokens), 0)::BIGINT
    FROM scores`)
  const [screened, scored, unreadable, cut, duplicateIds, controlCharacters, responses, tokens] = counts as number[]
  const faults = await scores.query(
    'SELECT fault, count(*) AS n FROM scores WHERE fault IS NOT NULL GROUP BY fault ORDER BY n DESC, fault LIMIT 20',
  )
  const labels = await readLabels(scores, plan)
  const traits: TraitSummary[] = []
  for (const trait of plan.traits)
    traits.push(await summariseTrait(scores, plan, trait, baselineOf(trait.name), labels))
  return {
    rows: {
      screened: screened!,
      scored: scored!,
      unreadable: unreadable!,
      cut: cut!,
      duplicateIds: duplicateIds!,
      controlCharacters: controlCharacters!,
    },
    responses: responses!,
    tokens: tokens!,
    faults: faults.map(([fault, rows]) => ({ fault: fault as string, rows: rows as number })),
    traits,
    labels:
      labels === undefined
        ? null
        : {
            positives: labels.filter(Boolean).length,
            negatives: labels.filter(label => label === false).length,
          },
  }
}

async function summariseTrait(
  scores: ScoresReader,
  plan: ScreeningPlan,
  { name, layer, directionHash }: ScreeningPlan['traits'][number],
  baseline: Baseline | undefined,
  labels: Labels | undefined,
): Promise<TraitSummary> {
  const columnOf = (measure: Measure) => sqlName(scoreColumn(name, measure))
  const spreads: Partial<Record<Measure, Spread>> = {}
  for (const measure of measures) {
    const spread = await spreadOf(scores, columnOf(measure))
    if (spread) spreads[measure] = spread
  }
  const groupBy = groupColumn(plan)
  const { projection, difference } = spreads
  return {
    name,
    layer,
    directionHash,
    spreads,
    projection: projection ? meanOf(projection) : null,
    ...(difference && { difference: meanOf(difference) }),
    ...(projection && baseline && { againstBaseline: againstBaseline(projection, baseline) }),
    lengthCorrelation: await lengthCorrelation(scores, columnOf('projection')),
    groups:
      groupBy === undefined ? [] : await groupsOf(scores, groupBy, columnOf('projection'), columnOf('difference')),
    areas: labels ? await areasOf(scores, name, labels) : [],
    groupAreas: labels && groupBy !== undefined ? await areasByGroup(scores, name, labels, groupBy) : [],
  }
}

/** What rows are grouped by: the column asked for, else the file where there are several. */
function groupColumn({ settings, files }: ScreeningPlan): string | undefined {
  if (settings.groupColumn !== undefined) return `coalesce("group", '(none)')`
  return files.length > 1 ? 'file' : undefined
}

async function spreadOf(scores: ScoresReader, column: string): Promise<Spread | undefined> {
  const [row = []] = await scores.query(`SELECT count(v), avg(v), coalesce(stddev_samp(v), 0), min(v), max(v),
    quantile_cont(v, 0.05), quantile_cont(v, 0.5), quantile_cont(v, 0.95), quantile_cont(v, 0.99)
    FROM (SELECT ${column} AS v FROM scores)`)
  const [rows, mean, sd, min, max, p5, p50, p95, p99] = row as number[]
  if (!rows) return undefined
  return { rows, mean: mean!, sd: sd!, min: min!, max: max!, p5: p5!, p50: p50!, p95: p95!, p99: p99! }
}

function meanOf({ mean, sd, rows }: Pick<Spread, 'mean' | 'sd' | 'rows'>): MeanEstimate {
  const half = (z95 * sd) / Math.sqrt(rows)
  return { mean, low: mean - half, high: mean + half, rows }
}

/** The baseline is a sample too: its own spread widens the interval. */
function againstBaseline({ mean, sd, rows }: Spread, baseline: Baseline): MeanEstimate {
  const center = (mean - baseline.mean) / baseline.sd
  const half = (z95 * Math.sqrt(sd ** 2 / rows + baseline.sd ** 2 / baseline.rows)) / baseline.sd
  return { mean: center, low: center - half, high: center + half, rows }
}

async function groupsOf(
  scores: ScoresReader,
  groupBy: string,
  projection: string,
  difference: string,
): Promise<GroupSummary[]> {
  const rows = await scores.query(`SELECT ${groupBy} AS g, count(${projection}) AS n, avg(${projection}),
    coalesce(stddev_samp(${projection}), 0), count(${difference}), avg(${difference}),
    coalesce(stddev_samp(${difference}), 0) FROM scores WHERE ${projection} IS NOT NULL
    GROUP BY g ORDER BY n DESC, g LIMIT ${mostGroups}`)
  return rows.map(([group, n, mean, sd, differences, differenceMean, differenceSd]) => ({
    group: String(group),
    projection: meanOf({ rows: n as number, mean: mean as number, sd: sd as number }),
    ...(differences !== 0 && {
      difference: meanOf({
        rows: differences as number,
        mean: differenceMean as number,
        sd: differenceSd as number,
      }),
    }),
  }))
}

async function lengthCorrelation(scores: ScoresReader, column: string): Promise<number | null> {
  const rows = await scores.query(
    `SELECT tokens, ${column} FROM scores WHERE ${column} IS NOT NULL AND tokens IS NOT NULL
    ORDER BY hash(row), row LIMIT ${rankedRows}`,
  )
  const correlation = spearman(
    rows.map(([tokens]) => tokens as number),
    rows.map(([, value]) => value as number),
  )
  return correlation ?? null
}
