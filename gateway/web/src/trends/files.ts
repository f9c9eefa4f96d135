/** Where the gateway hands out what is shown, as a file. Pure. */
import { type Series, seriesKey } from './address'

export type Format = 'csv' | 'parquet'
type Resolution = 'raw' | '1m' | '10m' | '1h'

const MINUTE_MS = 60_000

/** As fine as the chart, or finer. */
export function resolutionOf(resolutionMs: number): Resolution {
  if (resolutionMs >= 60 * MINUTE_MS) return '1h'
  if (resolutionMs >= 10 * MINUTE_MS) return '10m'
  return resolutionMs >= MINUTE_MS ? '1m' : 'raw'
}

export function exportLink(series: readonly Series[], fromMs: number, toMs: number, resolutionMs: number, format: Format): string {
  const query = new URLSearchParams(series.map((each): [string, string] => ['series', seriesKey(each)]))
  query.set('from', new Date(fromMs).toISOString())
  query.set('to', new Date(toMs).toISOString())
  query.set('format', format)
  query.set('resolution', resolutionOf(resolutionMs))
  return `/api/trends/export?${query}`
}
