/** The events of this build, as they can be chosen; their titles are in i18n. */
import zh from '../i18n/zh.json'

export type EventName = keyof typeof zh.journal.events

/** What the audit tells. */
export const AUDIT: readonly EventName[] = [
  'signed_in',
  'sign_in_refused',
  'signed_out',
  'command_submitted',
  'command_approved',
  'alarm_action_submitted',
  'point_mark_submitted',
  'loop_test_submitted',
  'user_changed',
  'token_changed',
]

export const ALL = Object.keys(zh.journal.events) as EventName[]
