/** City time as the gateway tells it, carried on between two messages at the city's rate. */
import { reactive, ref } from 'vue'

export interface Anchor {
  cityMs: number
  wallMs: number
  rate: number
}

export function cityMsAt(anchor: Anchor, wallMs: number): number {
  return anchor.cityMs + (wallMs - anchor.wallMs) * anchor.rate
}

const anchor = reactive<Anchor>({ cityMs: Date.now(), wallMs: performance.now(), rate: 1 })

/** City time in ms since 1970, renewed four times a second: what shows an age reads it. */
export const cityNow = ref(Date.now())
/** How many city seconds pass in a second. */
export const cityRate = ref(1)

export function setCityTime(cityTime: string, rate: number): void {
  Object.assign(anchor, { cityMs: Date.parse(cityTime), wallMs: performance.now(), rate })
  cityRate.value = rate
  tick()
}

function tick(): void {
  cityNow.value = cityMsAt(anchor, performance.now())
}

export function startClock(): () => void {
  const timer = setInterval(tick, 250)
  return () => clearInterval(timer)
}
