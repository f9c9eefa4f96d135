/** Which alarms are shown, and in which order. */
import type { AlarmItem, AlarmState, Priority } from '../api/shapes'

export const HIDDEN: ReadonlySet<AlarmState> = new Set(['SHLVD', 'DSUPR', 'OOSRV'])
/** Nobody has seen these yet: they stand, are gone again, or are latched. */
export const UNSEEN: ReadonlySet<AlarmState> = new Set(['UNACK', 'RTNUN', 'LUNAK'])
/** Latched and seen: a reset releases them. */
export const RESETTABLE: ReadonlySet<AlarmState> = new Set(['LACKD'])

export const isUnseen = (alarm: AlarmItem): boolean => UNSEEN.has(alarm.state)

export interface AlarmFilter {
  area: string
  priorities: Priority[]
  unseenOnly: boolean
  hidden: boolean
  text: string
}

export const noFilter = (): AlarmFilter => ({ area: '', priorities: [], unseenOnly: false, hidden: false, text: '' })

/** Unseen first, then by priority, the newest first among equals. */
export function byUrgency(a: AlarmItem, b: AlarmItem): number {
  return (
    Number(isUnseen(b)) - Number(isUnseen(a)) ||
    a.priority - b.priority ||
    timeOf(b) - timeOf(a) ||
    (a.id < b.id ? -1 : 1)
  )
}

function timeOf(alarm: AlarmItem): number {
  return alarm.raised_at ? Date.parse(alarm.raised_at) : 0
}

export function listAlarms(alarms: Iterable<AlarmItem>, filter: AlarmFilter): AlarmItem[] {
  return [...alarms].filter((alarm) => matches(alarm, filter)).sort(byUrgency)
}

function matches(alarm: AlarmItem, filter: AlarmFilter): boolean {
  return (
    HIDDEN.has(alarm.state) === filter.hidden &&
    (!filter.area || alarm.area === filter.area || alarm.area.startsWith(`${filter.area}/`)) &&
    (filter.priorities.length === 0 || filter.priorities.includes(alarm.priority)) &&
    (!filter.unseenOnly || isUnseen(alarm)) &&
    containsText(alarm, filter.text)
  )
}

function containsText(alarm: AlarmItem, text: string): boolean {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return true
  const { asset_name: name, title, text: evidence } = alarm
  const shown = [alarm.asset, name.zh, name.en, title.zh, title.en, evidence.zh, evidence.en]
  return shown.some((each) => each.toLowerCase().includes(wanted))
}

export type Counts = Record<Priority, number>

export function countUnseen(alarms: Iterable<AlarmItem>): Counts {
  const counts: Counts = { 1: 0, 2: 0, 3: 0, 4: 0 }
  for (const alarm of alarms) if (isUnseen(alarm)) counts[alarm.priority] += 1
  return counts
}
