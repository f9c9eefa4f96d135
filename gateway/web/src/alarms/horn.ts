/**
 * Whether the horn sounds, and how. Pure: facts in, a pattern out. It sounds for unseen alarms of priority 1 and 2
 * until each is acknowledged; silencing holds until a new one comes or one of those silenced rises.
 */
import type { AlarmItem, Priority } from '../api/shapes'
import { isUnseen } from './order'

export interface Pattern {
  priority: 1 | 2
  pulses: number
  /** Centre frequencies lie more than 20 % apart, inside 500-3000 Hz: two patterns are told apart when both sound. */
  frequencyHz: number
  pulseS: number
  gapS: number
  /** From the start of one burst to the next. */
  everyS: number
}

export const PATTERNS: Readonly<Record<1 | 2, Pattern>> = {
  1: { priority: 1, pulses: 5, frequencyHz: 960, pulseS: 0.12, gapS: 0.1, everyS: 3 },
  2: { priority: 2, pulses: 3, frequencyHz: 640, pulseS: 0.18, gapS: 0.16, everyS: 6 },
}

/** What was silenced: alarm and occurrence, at which priority. */
export type Silenced = ReadonlyMap<string, Priority>

const keyOf = (alarm: AlarmItem): string => `${alarm.id}#${alarm.occurrence}`
const sounds = (alarm: AlarmItem): boolean => alarm.priority <= 2 && isUnseen(alarm)

/** The most urgent pattern that is due; null: quiet. */
export function patternDue(alarms: Iterable<AlarmItem>, silenced: Silenced): Pattern | null {
  let worst: 1 | 2 | null = null
  for (const alarm of alarms) {
    if (!sounds(alarm)) continue
    const at = silenced.get(keyOf(alarm))
    if (at !== undefined && at <= alarm.priority) continue
    if (worst === null || alarm.priority < worst) worst = alarm.priority as 1 | 2
  }
  return worst === null ? null : PATTERNS[worst]
}

/** Silence all that sounds now. */
export function silence(alarms: Iterable<AlarmItem>): Silenced {
  return new Map([...alarms].filter(sounds).map((alarm) => [keyOf(alarm), alarm.priority]))
}

/** Forget what no longer sounds, so that its next time is heard. */
export function prune(alarms: Iterable<AlarmItem>, silenced: Silenced): Silenced {
  const sounding = new Set([...alarms].filter(sounds).map(keyOf))
  return new Map([...silenced].filter(([key]) => sounding.has(key)))
}
