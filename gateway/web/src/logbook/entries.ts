/** The entries that are shown: those that were asked for, and those that were heard since. Pure. */
import { dateTime } from '../format/time'
import type { LogbookEntry } from '../api/shapes'

export interface Filter {
  area: string
  asset: string
  q: string
}

export interface Day {
  day: string
  entries: LogbookEntry[]
}

/** The last written first. */
export function together(known: LogbookEntry[], heard: Iterable<LogbookEntry>, filter: Filter): LogbookEntry[] {
  const all = new Map(known.map((entry) => [entry.id, entry]))
  for (const entry of heard) if (fits(entry, filter)) all.set(entry.id, entry)
  return [...all.values()].sort((a, b) => Date.parse(b.written_at) - Date.parse(a.written_at))
}

function fits(entry: LogbookEntry, { area, asset, q }: Filter): boolean {
  if (area && entry.area !== area && !entry.area.startsWith(`${area}/`)) return false
  if (asset && entry.asset !== asset) return false
  const text = entry.text.toLowerCase()
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

export function byDay(entries: LogbookEntry[], zone: string): Day[] {
  const days: Day[] = []
  for (const entry of entries) {
    const day = dateTime(entry.written_at, zone).slice(0, 10)
    if (days.at(-1)?.day !== day) days.push({ day, entries: [] })
    days.at(-1)!.entries.push(entry)
  }
  return days
}

export function correctionsOf(entry: LogbookEntry, all: Iterable<LogbookEntry>): LogbookEntry[] {
  return [...all].filter((each) => each.corrects === entry.id)
}
