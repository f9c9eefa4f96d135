/** Acknowledge and reset. The row says at once that it was sent, and never more than the gateway has said. */
import { reactive } from 'vue'
import { bodyOf, client, reach } from '../api/client'
import type { AlarmItem, ErrorBody } from '../api/shapes'
import { rememberAlarm } from '../live/store'

/** What a row tells about the last wish: on its way, sent but not answered, or refused with the reason. */
export type Note = { kind: 'sending' | 'sent' | 'away' } | { kind: 'changed' | 'refused'; error: ErrorBody }

const notes = reactive(new Map<string, { note: Note; seq: number }>())
const MANY_MAX = 200

/** The note of an alarm, unless the alarm has moved on since. A refusal is told until then. */
export function noteOf(alarm: AlarmItem): Note | null {
  const kept = notes.get(alarm.id)
  return kept && kept.seq >= alarm.seq ? kept.note : null
}

function keep(alarm: { id: string; seq: number }, note: Note | null): void {
  if (note) notes.set(alarm.id, { note, seq: alarm.seq })
  else notes.delete(alarm.id)
}

export async function acknowledge(alarms: readonly AlarmItem[], comment = ''): Promise<void> {
  const [only] = alarms
  if (!only) return
  if (alarms.length === 1) return act('acknowledge', only, comment)
  for (let begin = 0; begin < alarms.length; begin += MANY_MAX) await acknowledgeMany(alarms.slice(begin, begin + MANY_MAX))
}

export function reset(alarm: AlarmItem, comment = ''): Promise<void> {
  return act('reset', alarm, comment)
}

async function act(action: 'acknowledge' | 'reset', alarm: AlarmItem, comment: string): Promise<void> {
  if (noteOf(alarm)?.kind === 'sending') return
  keep(alarm, { kind: 'sending' })
  const body = { expected_seq: alarm.seq, comment }
  const params = { path: { alarm: alarm.id } }
  const answer = await reach<unknown>(
    action === 'acknowledge'
      ? client.POST('/api/alarms/{alarm}/acknowledge', { params, body })
      : client.POST('/api/alarms/{alarm}/reset', { params, body }),
  )
  if (answer === null) return keep(alarm, { kind: 'away' })
  const conflict = answer.error as { alarm?: AlarmItem | null } | undefined
  const now = answer.response.status === 200 ? (answer.data as AlarmItem) : (conflict?.alarm ?? null)
  settle(alarm, answer.response.status, now, bodyOf(answer.error))
}

async function acknowledgeMany(alarms: readonly AlarmItem[]): Promise<void> {
  for (const alarm of alarms) keep(alarm, { kind: 'sending' })
  const body = alarms.map((alarm) => ({ id: alarm.id, expected_seq: alarm.seq, comment: '' }))
  const answer = await reach(client.POST('/api/alarms/acknowledge', { body }))
  for (const alarm of alarms) {
    const row = answer?.data?.find((each) => each.id === alarm.id)
    if (row) settle(alarm, row.status, row.alarm, row.error)
    else if (answer) settle(alarm, answer.response.status, null, bodyOf(answer.error))
    else keep(alarm, { kind: 'away' })
  }
}

function settle(alarm: AlarmItem, status: number, now: AlarmItem | null, error: ErrorBody | null): void {
  if (now) rememberAlarm(now)
  if (status === 200) keep(alarm, null)
  else if (status === 202) keep(alarm, { kind: 'sent' })
  else if (status === 409 && error) keep(now ?? alarm, { kind: 'changed', error })
  else if (error) keep(alarm, { kind: 'refused', error })
  else keep(alarm, { kind: 'away' })
}
