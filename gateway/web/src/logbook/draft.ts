/** What somebody is about to write: kept in the browser under their name until the gateway has it. */
import { newKey } from '../api/client'
import type { LogbookWish } from '../api/shapes'

export interface Draft {
  text: string
  /** Empty: the city's. */
  area: string
  asset: string
  /** As typed, in the city's zone; empty: now. */
  about: string
  /** Id of an entry, or empty. */
  corrects: string
  /** The key under which `sent` was sent: the same wish sent again is written once. */
  key: string
  sent: string
}

const EMPTY: Draft = { text: '', area: '', asset: '', about: '', corrects: '', key: '', sent: '' }
type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
const nameOf = (username: string): string => `urbanops.logbook.${username}`

export function load(store: Store, username: string): Draft {
  try {
    const kept = JSON.parse(store.getItem(nameOf(username)) ?? '{}') as Partial<Draft>
    return { ...EMPTY, ...kept }
  } catch (error) {
    if (error instanceof SyntaxError) return { ...EMPTY }
    throw error
  }
}

export function keep(store: Store, username: string, draft: Draft): void {
  const { text, corrects } = draft
  if (text || corrects) store.setItem(nameOf(username), JSON.stringify(draft))
  else store.removeItem(nameOf(username))
}

/** What is sent. A wish that differs from the one before gets a key of its own. */
export function wishOf(draft: Draft, about: string | null): LogbookWish {
  const wish: LogbookWish = {
    text: draft.text,
    ...(about && { about }),
    ...(draft.area && { area: draft.area }),
    ...(draft.asset && { asset: draft.asset }),
    ...(draft.corrects && { corrects: draft.corrects }),
  }
  const sent = JSON.stringify(wish)
  if (draft.sent !== sent) Object.assign(draft, { sent, key: newKey() })
  return wish
}

/** After it was written: the area stays, for the next entry is likely of the same. */
export function emptied(draft: Draft): Draft {
  return { ...EMPTY, area: draft.area }
}
