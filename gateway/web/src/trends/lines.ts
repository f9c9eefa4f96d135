/** The lines of a page: asked from the gateway when what is shown changes, carried on from the stream meanwhile. */
import { onBeforeUnmount, type ShallowRef, shallowRef, watch } from 'vue'
import { ask, client, Failure } from '../api/client'
import type { LiveReading, Words } from '../api/shapes'
import { readingKey } from '../live/city'
import { city, isStale } from '../live/store'
import { type Line, lineOf, withReading } from './line'
import type { Series } from './address'

export interface Wish {
  /** Of one line on the page. */
  id: string
  series: Series
  fromMs: number
  toMs: number
  pointsMax: number
  /** Goes on with the stream. */
  live: boolean
  /** Another stamp: ask again. */
  stamp: string
}

export interface Lines {
  lines: ShallowRef<ReadonlyMap<string, Line>>
  failures: ShallowRef<ReadonlyMap<string, Failure>>
  /** How many answers are awaited. */
  awaited: ShallowRef<number>
}

/** Readings heard since they may be missing in an answer that was on its way. */
const HEARD_MAX = 1000

export function useLines(wishes: () => Wish[], textOf: (quality: string) => Words): Lines {
  const lines = shallowRef<ReadonlyMap<string, Line>>(new Map())
  const failures = shallowRef<ReadonlyMap<string, Failure>>(new Map())
  const awaited = shallowRef(0)
  const asked = new Map<string, { stamp: string; cancel: AbortController }>()
  const heard = new Map<string, LiveReading[]>()

  function follow(): void {
    const wanted = new Map(wishes().map((wish) => [wish.id, wish]))
    for (const [id, { cancel }] of asked) {
      if (wanted.has(id)) continue
      cancel.abort()
      asked.delete(id)
      heard.delete(id)
    }
    lines.value = new Map([...lines.value].filter(([id]) => wanted.has(id)))
    failures.value = new Map([...failures.value].filter(([id]) => wanted.has(id)))
    for (const wish of wanted.values()) {
      if (asked.get(wish.id)?.stamp !== wish.stamp) void load(wish)
    }
  }

  async function load(wish: Wish): Promise<void> {
    asked.get(wish.id)?.cancel.abort()
    const cancel = new AbortController()
    asked.set(wish.id, { stamp: wish.stamp, cancel })
    awaited.value += 1
    try {
      const query = {
        ...wish.series,
        from: new Date(wish.fromMs).toISOString(),
        to: new Date(wish.toMs).toISOString(),
        points_max: wish.pointsMax,
      }
      const trend = await ask(client.GET('/api/trends', { params: { query }, signal: cancel.signal }))
      if (cancel.signal.aborted) return
      const later = wish.live ? (heard.get(wish.id) ?? []) : []
      put(wish.id, later.reduce((line, reading) => withReading(line, reading, textOf), lineOf(trend)))
      failures.value = new Map([...failures.value].filter(([id]) => id !== wish.id))
    } catch (error) {
      if (cancel.signal.aborted) return
      if (!(error instanceof Failure)) throw error
      failures.value = new Map([...failures.value, [wish.id, error]])
    } finally {
      awaited.value -= 1
    }
  }

  function put(id: string, line: Line): void {
    lines.value = new Map([...lines.value, [id, line]])
  }

  function hear(): void {
    for (const { id, series, live } of wishes()) {
      const reading = live ? city.readings.get(readingKey(series.asset, series.point)) : undefined
      const known = heard.get(id) ?? []
      if (!reading || reading === known.at(-1)) continue
      heard.set(id, [...known, reading].slice(-HEARD_MAX))
      const line = lines.value.get(id)
      if (line) put(id, withReading(line, reading, textOf))
    }
  }

  watch(() => wishes().map(({ id, stamp }) => `${id} ${stamp}`).join('\n'), follow, { immediate: true })
  watch(() => wishes().map(({ series }) => city.readings.get(readingKey(series.asset, series.point))), hear, {
    flush: 'sync',
    immediate: true,
  })
  // What was said while nobody was heard is in the history.
  watch(isStale, (stale) => {
    if (stale) return
    for (const wish of wishes()) void load(wish)
  })
  onBeforeUnmount(() => {
    for (const { cancel } of asked.values()) cancel.abort()
  })
  return { lines, failures, awaited }
}
