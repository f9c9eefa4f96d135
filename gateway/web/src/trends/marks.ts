/** Alarms and commands of a period, read from its journal, as marks beside the lines. Pure. */
import type { AlarmItem, JournalItem, Priority, Words } from '../api/shapes'

export interface AlarmSpan {
  key: string
  asset: string
  /** Null: not told, for it was raised before the period. */
  priority: Priority | null
  /** When it was raised; -Infinity: before the period. */
  fromMs: number
  /** When it was cleared; Infinity: it stands. */
  toMs: number
  text: Words
}

export interface CommandMark {
  key: string
  asset: string
  atMs: number
  /** verified, failed, refused, unconfirmed, expired, cancelled */
  outcome: string
  text: Words
  actor: string | null
}

export interface Marks {
  alarms: AlarmSpan[]
  commands: CommandMark[]
}

const OUTCOME = /^command_(verified|failed|refused|unconfirmed|expired|cancelled)$/

/** `items`: in any order. `listed`: the alarms in front of an operator now, for those that were raised before the period. */
export function marksOf(items: readonly JournalItem[], listed: readonly AlarmItem[]): Marks {
  const priorities = new Map(listed.map((alarm) => [alarm.id, alarm.priority]))
  const alarms: AlarmSpan[] = []
  const commands: CommandMark[] = []
  const open = new Map<string, AlarmSpan>()
  for (const item of [...items].sort(byTime)) {
    const atMs = Date.parse(item.time)
    const asset = item.asset ?? ''
    const key = `${asset}~${String(item.data.condition ?? '')}`
    const outcome = OUTCOME.exec(item.event)?.[1]
    if (outcome) commands.push({ key: item.id, asset, atMs, outcome, text: item.text, actor: item.actor })
    else if (item.event === 'condition_raised' && !open.has(key)) {
      open.set(key, { key: item.id, asset, priority: priorityOf(item), fromMs: atMs, toMs: Infinity, text: item.text })
    } else if (item.event === 'condition_cleared') {
      const raised = open.get(key) ?? {
        key: item.id,
        asset,
        priority: priorities.get(key) ?? null,
        fromMs: -Infinity,
        toMs: Infinity,
        text: item.text,
      }
      alarms.push({ ...raised, toMs: atMs })
      open.delete(key)
    }
  }
  alarms.push(...open.values())
  const known = new Set(open.keys())
  for (const alarm of listed) {
    if (!alarm.active || known.has(alarm.id)) continue
    alarms.push({
      key: alarm.id,
      asset: alarm.asset,
      priority: alarm.priority,
      fromMs: alarm.raised_at === null ? -Infinity : Date.parse(alarm.raised_at),
      toMs: Infinity,
      text: { zh: `${alarm.asset_name.zh}：${alarm.title.zh}`, en: `${alarm.asset_name.en}: ${alarm.title.en}` },
    })
  }
  return { alarms: alarms.sort((a, b) => a.fromMs - b.fromMs), commands }
}

/** Rows in which spans lie so that none covers another; what finds no row is counted into the last. */
export function stacked(alarms: readonly AlarmSpan[], rowsMax: number): { span: AlarmSpan; row: number }[] {
  const ends: number[] = []
  return alarms.map((span) => {
    const free = ends.findIndex((end) => end <= span.fromMs)
    const row = free >= 0 ? free : Math.min(ends.length, rowsMax - 1)
    ends[row] = Math.max(ends[row] ?? -Infinity, span.toMs)
    return { span, row }
  })
}

/** What is told of a moment: the alarms that stood, and the commands no further away than `nearMs`. */
export function marksAt(marks: Marks, atMs: number, nearMs: number): Marks {
  return {
    alarms: marks.alarms.filter((each) => each.fromMs <= atMs + nearMs && atMs - nearMs <= each.toMs),
    commands: marks.commands.filter((each) => Math.abs(each.atMs - atMs) <= nearMs),
  }
}

function byTime(one: JournalItem, other: JournalItem): number {
  return Date.parse(one.time) - Date.parse(other.time) || Number(one.id) - Number(other.id)
}

function priorityOf(item: JournalItem): Priority | null {
  const priority = Number(item.data.priority)
  return priority === 1 || priority === 2 || priority === 3 || priority === 4 ? priority : null
}
