/** Times for people: in the site's time zone, and as ages in city time. */
import type { Language } from '../api/shapes'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([zone, options])
  let found = formats.get(key)
  if (!found) {
    // sv-SE writes 2026-07-29 18:52:07, which both languages of the screens read.
    found = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, hourCycle: 'h23', ...options })
    formats.set(key, found)
  }
  return found
}

const DATE: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit' }
const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit' }

/** 2026-07-29 18:52:07 */
export function dateTime(at: string | number, zone: string): string {
  return format(zone, { ...DATE, ...TIME }).format(new Date(at))
}

/** 18:52:07 */
export function timeOfDay(at: string | number, zone: string): string {
  return format(zone, TIME).format(new Date(at))
}

/** 18:52:07 when it was today, 07-28 18:52:07 when it was not. */
export function shortTime(at: string | number, zone: string, nowMs: number): string {
  const [there, now] = [dateTime(at, zone), dateTime(nowMs, zone)]
  return there.slice(0, 10) === now.slice(0, 10) ? there.slice(11) : there.slice(5)
}

/** An age as 0:48, 12:05, 3:02:11 or 2 d 03:10; a dash when there is none. */
export function age(sinceIso: string | null, nowMs: number, language: Language): string {
  if (sinceIso === null) return '–'
  return duration(Math.max(0, (nowMs - Date.parse(sinceIso)) / 1000), language)
}

export function duration(seconds: number, language: Language): string {
  const whole = Math.floor(seconds)
  const [days, hours, minutes, rest] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ]
  const two = (number: number): string => String(number).padStart(2, '0')
  if (days > 0) return `${days} ${language === 'zh' ? '天' : 'd'} ${two(hours)}:${two(minutes)}`
  if (hours > 0) return `${hours}:${two(minutes)}:${two(rest)}`
  return `${minutes}:${two(rest)}`
}

/** The moment that `2026-07-29T18:52` is in a zone, as ISO 8601; null when it is none. */
export function momentIn(local: string, zone: string): string | null {
  const wall = Date.parse(`${local}Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(local) || Number.isNaN(wall)) return null
  const shown = (at: number): number => Date.parse(`${dateTime(at, zone).replace(' ', 'T')}Z`)
  let at = wall - (shown(wall) - wall)
  at -= shown(at) - wall // the offset there may be another one than the first guess
  return new Date(at).toISOString()
}
