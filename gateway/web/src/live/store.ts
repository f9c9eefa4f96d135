/** The one live city of this page. */
import { computed, reactive, ref } from 'vue'
import { client } from '../api/client'
import type { AlarmItem, Ping, Snapshot } from '../api/shapes'
import { type Change, type City, emptyCity, fold, noteAlarm, noteCommand } from './city'
import { cityNow, setCityTime } from './clock'
import { type Watch, watchStream } from './watch'

const KINDS = ['snapshot', 'readings', 'alarm', 'asset', 'command', 'logbook', 'health', 'warning', 'advice', 'ping'] as const

export const city = reactive<City>(emptyCity())
/** True once a snapshot has come. */
export const loaded = ref(false)
/** City time (ms) of the last message before the stream fell silent; null while it is live. */
export const staleSince = ref<number | null>(null)
export const isStale = computed(() => staleSince.value !== null)

let watch: Watch | null = null

export function startLive(onSignedOut: () => void): void {
  if (watch) return
  watch = watchStream(
    KINDS,
    () => new EventSource('/api/stream'),
    {
      onMessage: hear,
      onSilence(sinceMs) {
        staleSince.value = sinceMs === null ? null : cityNow.value
      },
      onBroken: () => void askWhetherSignedIn(onSignedOut),
    },
    () => performance.now(),
  )
}

export function stopLive(): void {
  watch?.stop()
  watch = null
  Object.assign(city, emptyCity())
  loaded.value = false
  staleSince.value = null
}

function hear(kind: string, data: unknown): void {
  if (kind === 'snapshot' || kind === 'ping') {
    const { city_time, rate } = data as Snapshot | Ping
    setCityTime(city_time, rate)
  }
  if (kind === 'ping') return
  fold(city, { kind, data } as Change, performance.now())
  if (kind === 'snapshot') loaded.value = true
}

/** An EventSource does not say why it was refused. */
async function askWhetherSignedIn(onSignedOut: () => void): Promise<void> {
  const answer = await client.GET('/api/me').catch(() => null)
  if (answer?.response.status === 401) onSignedOut()
}

export const rememberAlarm = (alarm: AlarmItem): void => noteAlarm(city, alarm)
export const rememberCommand = (row: Parameters<typeof noteCommand>[1]): void => noteCommand(city, row)
