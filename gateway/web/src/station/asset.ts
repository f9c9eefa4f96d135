/** One asset as it stands: asked from the gateway every few seconds, its readings kept fresh from the stream meanwhile. */
import { computed, onBeforeUnmount, type Ref, ref, shallowRef, watch } from 'vue'
import { ask, client, Failure } from '../api/client'
import type { AssetDetail, LedgerRow, Reading } from '../api/shapes'
import { readingKey } from '../live/city'
import { city, isStale } from '../live/store'

/** Interlocks are judged by the gateway; asked again this often they are never older than a dispatcher's glance. */
const REFRESH_MS = 2000
const LEDGER_ROWS = 50

export interface AssetView {
  detail: Ref<AssetDetail | null>
  readings: Ref<Map<string, Reading>>
  ledger: Ref<LedgerRow[]>
  failure: Ref<Failure | null>
  refresh: () => Promise<void>
}

export function useAsset(id: () => string | null): AssetView {
  const detail = shallowRef<AssetDetail | null>(null)
  const failure = shallowRef<Failure | null>(null)
  const askedMs = ref(0)
  let busy = false

  async function refresh(): Promise<void> {
    const asset = id()
    if (asset === null || busy) return
    busy = true
    const beganMs = performance.now()
    try {
      const found = await ask(client.GET('/api/assets/{asset}', { params: { path: { asset } } }))
      if (asset === id()) {
        detail.value = found as AssetDetail // openapi-fetch widens pairs to arrays
        askedMs.value = beganMs
      }
      failure.value = null
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failure.value = error
    } finally {
      busy = false
    }
  }

  const readings = computed(() => {
    const found = new Map<string, Reading>()
    for (const reading of detail.value?.readings ?? []) {
      const heard = city.readings.get(readingKey(reading.asset, reading.point))
      found.set(reading.point, heard && heard.heardMs > askedMs.value ? merge(reading, heard) : reading)
    }
    return found
  })

  const ledger = computed(() => {
    const rows = new Map((detail.value?.ledger ?? []).map((row) => [row.id, row]))
    for (const row of city.ledger.values()) {
      const known = rows.get(row.id)
      if (row.asset === id() && (!known || known.updated_at <= row.updated_at)) rows.set(row.id, row)
    }
    return [...rows.values()].sort((a, b) => (a.requested_at < b.requested_at ? 1 : -1)).slice(0, LEDGER_ROWS)
  })

  watch([id, isStale], () => void refresh(), { immediate: true })
  const timer = setInterval(() => void refresh(), REFRESH_MS)
  onBeforeUnmount(() => clearInterval(timer))
  return { detail, readings, ledger, failure, refresh }
}

function merge(reading: Reading, heard: Pick<Reading, 'value' | 'quality' | 'taken_at' | 'changed_at'>): Reading {
  const { value, quality, taken_at, changed_at } = heard
  return { ...reading, value, quality, taken_at, changed_at }
}
