/** What a key means, and where the mark goes. Pure. */
export type ListAct = 'down' | 'up' | 'acknowledge' | 'acknowledgeAll' | 'reset' | 'open' | 'details' | 'search'

export interface Pressed {
  key: string
  shiftKey: boolean
  ctrlKey: boolean
  altKey: boolean
  metaKey: boolean
}

const ACTS: Readonly<Record<string, ListAct>> = {
  j: 'down',
  ArrowDown: 'down',
  k: 'up',
  ArrowUp: 'up',
  a: 'acknowledge',
  r: 'reset',
  d: 'details',
  Enter: 'open',
  '/': 'search',
}

/** The act of a key in an alarm list; null when it has none. Letters count whatever the case lock says. */
export function actOf(pressed: Pressed): ListAct | null {
  if (pressed.ctrlKey || pressed.altKey || pressed.metaKey) return null
  const key = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key
  if (key === 'a' && pressed.shiftKey) return 'acknowledgeAll'
  return ACTS[key] ?? null
}

/** True where letters are meant as letters. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null
  if (!element?.tagName) return false
  if (element.tagName === 'INPUT') return !['checkbox', 'radio', 'button'].includes((element as HTMLInputElement).type)
  return element.tagName === 'TEXTAREA' || element.tagName === 'SELECT' || element.isContentEditable
}

/** Enter on a button or a link is theirs. */
export function ownsEnter(target: EventTarget | null): boolean {
  const tag = (target as HTMLElement | null)?.tagName
  return tag === 'BUTTON' || tag === 'A' || tag === 'SUMMARY'
}

/**
 * The row that is marked after a step among the ids shown now. The mark follows its alarm; when that has left the
 * list, it stays at the same height.
 */
export function step(ids: readonly string[], marked: string | null, by: number, lastIndex = 0): string | null {
  if (ids.length === 0) return null
  const at = marked === null ? -1 : ids.indexOf(marked)
  if (at < 0 && marked === null) return ids[by > 0 ? 0 : ids.length - 1] ?? null
  const from = at < 0 ? lastIndex : at + by
  return ids[Math.min(ids.length - 1, Math.max(0, from))] ?? null
}
