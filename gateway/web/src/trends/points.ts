/** What the points of a page are called, their units and limits; and all points there are, to choose from. */
import { shallowRef, type ShallowRef, watch } from 'vue'
import { ask, client, Failure } from '../api/client'
import type { AssetItem, Reading } from '../api/shapes'
import { type Series, seriesKey } from './address'

export interface Choice {
  key: string
  asset: AssetItem
  reading: Reading
}

/** By `asset:point`; of an asset that is not there or may not be seen there is none. */
export function usePoints(series: () => readonly Series[]): ShallowRef<ReadonlyMap<string, Reading>> {
  const points = shallowRef<ReadonlyMap<string, Reading>>(new Map())
  const asked = new Set<string>()

  async function load(asset: string): Promise<void> {
    try {
      const found = await listReadings(asset)
      points.value = new Map([...points.value, ...found.map((each): [string, Reading] => [seriesKey(each), each])])
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      asked.delete(asset) // its line tells the same failure
    }
  }

  watch(
    () => [...new Set(series().map((each) => each.asset))],
    (assets) => {
      for (const asset of assets) {
        if (asked.has(asset)) continue
        asked.add(asset)
        void load(asset)
      }
    },
    { immediate: true },
  )
  return points
}

/** Of one asset, or of all that the account may see. Throws Failure. */
export async function listReadings(asset?: string): Promise<Reading[]> {
  return (await ask(client.GET('/api/readings', { params: { query: asset === undefined ? {} : { asset } } }))) as Reading[]
}

/** Words cannot be drawn. */
export function isDrawable(reading: Reading): boolean {
  return reading.kind !== 'identity' && typeof reading.value !== 'string'
}

/** Those in whose names, in either language, or ids every word of the wish is found. */
export function searched(choices: readonly Choice[], wish: string): Choice[] {
  const words = wish.toLowerCase().split(/\s+/).filter(Boolean)
  return choices.filter(({ key, asset, reading }) => {
    const text = [key, asset.name.zh, asset.name.en, reading.title.zh, reading.title.en].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
