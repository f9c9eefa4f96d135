/** Alarms and commands of the assets on a page, from the journal, and again when one of them changes. */
import { computed, onBeforeUnmount, type ComputedRef, shallowRef, watch } from 'vue'
import { ask, client, Failure } from '../api/client'
import type { JournalItem } from '../api/shapes'
import { city } from '../live/store'
import { type Marks, marksOf } from './marks'

export interface MarkWish {
  assets: string[]
  fromMs: number
  toMs: number
  live: boolean
  stamp: string
}

const PAGE_ROWS = 500
/** Of one asset; what was before is not asked for, and the page says so. */
const PAGES_MAX = 6
/** Several changes at once are asked for once. */
const CALM_MS = 1500

export function useMarks(wish: () => MarkWish): { marks: ComputedRef<Marks>; sinceMs: ComputedRef<number> } {
  const items = shallowRef<JournalItem[]>([])
  const since = shallowRef(-Infinity)
  let asked = 0

  async function load(): Promise<void> {
    const { assets, fromMs, toMs, live } = wish()
    asked += 1
    const mine = asked
    try {
      // Live, what is to come too: the answer may be later than the question.
      const period = { from: new Date(fromMs).toISOString(), ...(!live && { to: new Date(toMs).toISOString() }) }
      const found = await Promise.all(assets.map((asset) => listAll({ asset, ...period })))
      if (mine !== asked) return
      items.value = found.flatMap((each) => each.items)
      since.value = Math.max(-Infinity, ...found.map((each) => each.sinceMs))
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // The marks stay as they were; that the gateway is away is told by the strip, and what is wrong by the lines.
    }
  }

  const listed = computed(() => {
    const { assets, toMs } = wish()
    return [...city.alarms.values()].filter(
      (each) => assets.includes(each.asset) && (each.raised_at === null || Date.parse(each.raised_at) <= toMs),
    )
  })
  const changes = computed(() => {
    const { assets, live } = wish()
    if (!live) return ''
    const alarms = listed.value.map((each) => `${each.id}${each.occurrence}${each.active}`)
    const commands = [...city.ledger.values()].filter((row) => assets.includes(row.asset)).map((row) => row.id + row.state)
    return [...alarms, ...commands].join()
  })
  watch(() => `${wish().stamp} ${wish().assets.join()}`, () => void load(), { immediate: true })
  let timer: ReturnType<typeof setTimeout> | null = null
  watch(changes, () => {
    timer ??= setTimeout(() => {
      timer = null
      void load()
    }, CALM_MS)
  })
  onBeforeUnmount(() => {
    asked += 1
    if (timer !== null) clearTimeout(timer)
  })
  return { marks: computed(() => marksOf(items.value, listed.value)), sinceMs: computed(() => since.value) }
}

/** `sinceMs`: from when on they are whole. Throws Failure. */
async function listAll(query: { asset: string; from: string; to?: string }): Promise<{ items: JournalItem[]; sinceMs: number }> {
  const items: JournalItem[] = []
  let after: string | null = null
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const told: { items: JournalItem[]; next: string | null } = await ask(
      client.GET('/api/journal', { params: { query: { ...query, limit: PAGE_ROWS, ...(after && { after }) } } }),
    )
    items.push(...told.items)
    after = told.next
    if (after === null) return { items, sinceMs: -Infinity }
  }
  return { items, sinceMs: Date.parse(items.at(-1)?.time ?? '') }
}
