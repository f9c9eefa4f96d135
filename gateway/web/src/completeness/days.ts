/** What a completeness table says of a day, and which days it shows. */
import type { CompleteDay } from '../api/shapes'

export const SPANS = [7, 14, 31] as const

/** How bad a day is: its shade and its mark, so that colour alone says nothing. */
export type Grade = 'future' | 'whole' | 'nearly' | 'part' | 'little' | 'nothing'

export function gradeOf(day: CompleteDay): Grade {
  if (day.good === null) return 'future'
  if (day.good >= 0.9999) return 'whole'
  if (day.good >= 0.99) return 'nearly'
  if (day.good >= 0.9) return 'part'
  return day.good > 0 ? 'little' : 'nothing'
}

/** 99.7; what is not whole is never rounded up to 100. */
export function percent(good: number | null): string {
  if (good === null) return '–'
  const tenths = Math.floor(good * 1000 + 1e-9)
  if (tenths >= 1000) return '100'
  return tenths >= 990 ? (tenths / 10).toFixed(1) : String(Math.floor(tenths / 10))
}

/** The day `2026-07-29` so many days later. */
export function later(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}

/** Of all points of a day: the mean of what is known. */
export function mean(days: readonly CompleteDay[]): number | null {
  const known = days.flatMap((day) => (day.good === null ? [] : [day.good]))
  return known.length === 0 ? null : known.reduce((sum, good) => sum + good, 0) / known.length
}
