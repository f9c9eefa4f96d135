/** Days and clocks of the site's time zone. Pure. */
import { dateTime } from '../format/time'

const DAY_MS = 86_400_000

/** How far the zone's clocks are ahead of UTC at that moment. */
export function offsetMs(atMs: number, zone: string): number {
  const whole = Math.floor(atMs / 1000) * 1000
  return Date.parse(`${dateTime(whole, zone).replace(' ', 'T')}Z`) - whole
}

/** The moment at which the zone's clocks show `2026-07-29T18:52:07`; NaN when that is no time. */
export function momentOf(shown: string, zone: string): number {
  const asUtc = Date.parse(`${shown}Z`)
  if (Number.isNaN(asUtc)) return NaN
  const guess = asUtc - offsetMs(asUtc, zone)
  return asUtc - offsetMs(guess, zone)
}

/** 2026-07-29T18:52:07, as an input of a date and a time takes it. */
export function shownAt(atMs: number, zone: string): string {
  return dateTime(atMs, zone).replace(' ', 'T')
}

export function dayOf(atMs: number, zone: string): string {
  return dateTime(atMs, zone).slice(0, 10)
}

/** Is it a day that there is? */
export function isDay(text: string): boolean {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text)
}

/** The day `days` after another one. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** How much later a moment is than the same time of day on `day`. */
export function shiftTo(day: string, atMs: number, zone: string): number {
  return atMs - momentOf(`${day}T${shownAt(atMs, zone).slice(11)}`, zone) - (atMs % 1000)
}

const SMALL = 60_000

/** Texts under a time axis: as fine as its steps, and the day wherever it changes. */
export function tickTexts(ticksMs: readonly number[], stepMs: number, zone: string): string[] {
  let last = ''
  return ticksMs.map((atMs) => {
    const [day = '', time = ''] = dateTime(atMs, zone).split(' ')
    const told = day === last ? '' : day.slice(0, 4) === last.slice(0, 4) ? day.slice(5) : day
    last = day
    if (stepMs >= DAY_MS) return told
    const clock = stepMs < SMALL ? time : time.slice(0, 5)
    return told ? `${clock}\n${told}` : clock
  })
}
