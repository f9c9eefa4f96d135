/** The last ten minutes of a point: asked once and again now and then, drawn as runs between its gaps. */
import { onBeforeUnmount, type Ref, shallowRef, watch } from 'vue'
import { ask, client, Failure } from '../api/client'
import type { Trend } from '../api/shapes'
import { isKnown } from '../format/value'

export interface Sample {
  atMs: number
  /** Null: not known then. */
  value: number | null
}

const REFRESH_MS = 3000
export const SPAN_MS = 600_000

export function useTrend(of: () => { asset: string; point: string } | null): Ref<Sample[]> {
  const samples = shallowRef<Sample[]>([])
  let busy = false

  async function refresh(): Promise<void> {
    const query = of()
    if (!query || busy) return
    busy = true
    try {
      const trend = await ask(client.GET('/api/trends', { params: { query } }))
      if (trend.point === of()?.point && trend.asset === of()?.asset) samples.value = trend.samples.map(sample)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // The line stays as it was; that the gateway is away is told by the strip.
    } finally {
      busy = false
    }
  }

  watch(
    () => `${of()?.asset} ${of()?.point}`,
    () => {
      samples.value = []
      void refresh()
    },
    { immediate: true },
  )
  const timer = setInterval(() => void refresh(), REFRESH_MS)
  onBeforeUnmount(() => clearInterval(timer))
  return samples
}

function sample({ at, value, quality }: Trend['samples'][number]): Sample {
  const known = isKnown(quality) && value !== null
  const number = typeof value === 'boolean' ? Number(value) : value
  return { atMs: Date.parse(at), value: known && typeof number === 'number' ? number : null }
}

/** Runs of known samples; a gap ends one. */
export function runs(samples: readonly Sample[]): Sample[][] {
  const found: Sample[][] = []
  let run: Sample[] = []
  for (const each of samples) {
    if (each.value !== null) run.push(each)
    else if (run.length > 0) {
      found.push(run)
      run = []
    }
  }
  return run.length > 0 ? [...found, run] : found
}

const SLOPE_MS = 120_000

/** How fast it rises per minute, by least squares over the last two minutes; null when too little is known. */
export function risePerMinute(samples: readonly Sample[]): number | null {
  const last = samples.at(-1)
  if (!last || last.value === null) return null
  const recent = samples.filter((each) => each.value !== null && last.atMs - each.atMs <= SLOPE_MS)
  const first = recent[0]
  if (!first || last.atMs - first.atMs < SLOPE_MS / 4) return null
  const xs = recent.map((each) => (each.atMs - first.atMs) / 60_000)
  const ys = recent.map((each) => each.value ?? 0)
  const [meanX, meanY] = [mean(xs), mean(ys)]
  const across = xs.reduce((sum, x, index) => sum + (x - meanX) * ((ys[index] ?? 0) - meanY), 0)
  const spread = xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0)
  return spread === 0 ? null : across / spread
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
