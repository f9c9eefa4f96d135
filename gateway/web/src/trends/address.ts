/** What a trend page shows, as its address says it: a link is all it takes to share a page. Pure. */
import { isDay } from './calendar'

export interface Series {
  asset: string
  point: string
}

/** `live`: the last `spanMs`, moving on with the city's clock. */
export type Period = { kind: 'live'; spanMs: number } | { kind: 'fixed'; fromMs: number; toMs: number }

export interface Address {
  series: Series[]
  period: Period
  /** 2026-07-29: the day to compare with; null: with none. */
  compare: string | null
}

export type Query = Record<string, string | null | (string | null)[] | undefined>

export const SERIES_MAX = 10
export const SPAN_MS_MIN = 10_000
export const SPAN_MS_MAX = 3 * 366 * 86_400_000
export const SPAN_MS = 3_600_000

export const seriesKey = ({ asset, point }: Series): string => `${asset}:${point}`

export function readAddress(query: Query): Address {
  const keys = [...new Set(listOf(query.s))].filter((key) => /^[^:]+:[^:]+$/.test(key)).slice(0, SERIES_MAX)
  return { series: keys.map(seriesOf), period: readPeriod(query), compare: readDay(oneOf(query.compare)) }
}

export function writeAddress({ series, period, compare }: Address): Record<string, string | string[]> {
  return {
    ...(series.length > 0 && { s: series.map(seriesKey) }),
    ...(period.kind === 'live'
      ? { last: String(Math.round(period.spanMs / 1000)) }
      : { from: iso(period.fromMs), to: iso(period.toMs) }),
    ...(compare !== null && { compare }),
  }
}

/** The address of a page with one point, as other pages link to it. */
export function linkTo(asset: string, point: string): { path: string; query: Record<string, string | string[]> } {
  const period: Period = { kind: 'live', spanMs: SPAN_MS }
  return { path: '/trends', query: writeAddress({ series: [{ asset, point }], period, compare: null }) }
}

export function isSamePeriod(one: Period, other: Period): boolean {
  if (one.kind === 'live') return other.kind === 'live' && one.spanMs === other.spanMs
  return other.kind === 'fixed' && one.fromMs === other.fromMs && one.toMs === other.toMs
}

export function spanOf(period: Period): number {
  return period.kind === 'live' ? period.spanMs : period.toMs - period.fromMs
}

/** Whole milliseconds, neither shorter nor longer than can be shown. */
export function fixed(fromMs: number, toMs: number): Period {
  const span = Math.min(SPAN_MS_MAX, Math.max(SPAN_MS_MIN, toMs - fromMs))
  const middle = (fromMs + toMs) / 2
  const from = Math.round(middle - span / 2)
  return { kind: 'fixed', fromMs: from, toMs: from + Math.round(span) }
}

function readPeriod(query: Query): Period {
  const [fromMs, toMs] = [Date.parse(oneOf(query.from) ?? ''), Date.parse(oneOf(query.to) ?? '')]
  if (toMs > fromMs) return fixed(fromMs, toMs)
  const last = Number(oneOf(query.last))
  const spanMs = last > 0 ? Math.min(SPAN_MS_MAX, Math.max(SPAN_MS_MIN, last * 1000)) : SPAN_MS
  return { kind: 'live', spanMs }
}

function readDay(text: string | null): string | null {
  return text !== null && isDay(text) ? text : null
}

function seriesOf(key: string): Series {
  const [asset = '', point = ''] = key.split(':')
  return { asset, point }
}

function listOf(given: Query[string]): string[] {
  return [given].flat().filter((each): each is string => typeof each === 'string')
}

function oneOf(given: Query[string]): string | null {
  return listOf(given)[0] ?? null
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString().replace('.000Z', 'Z')
}
