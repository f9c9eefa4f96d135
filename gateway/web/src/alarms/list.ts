/** The keyboard of an alarm list: a mark that moves, and what is done with the marked alarm. */
import { computed, nextTick, onBeforeUnmount, onMounted, type Ref, ref, watch } from 'vue'
import { useRouter } from 'vue-router'
import type { AlarmItem } from '../api/shapes'
import { mayDo } from '../session'
import { acknowledge, reset } from './act'
import { actOf, isTyping, type ListAct, ownsEnter, step } from './keys'
import { isUnseen, RESETTABLE } from './order'

interface Options {
  openDetails(alarm: AlarmItem): void
  search?(): void
}

export const mayAcknowledge = (alarm: AlarmItem): boolean => isUnseen(alarm) && mayDo('acknowledge', alarm.area)
export const mayReset = (alarm: AlarmItem): boolean => RESETTABLE.has(alarm.state) && mayDo('acknowledge', alarm.area)

export function useAlarmList(
  alarms: Readonly<Ref<AlarmItem[]>>,
  options: Options,
): { marked: Ref<string | null>; mark: (alarm: AlarmItem) => void } {
  const router = useRouter()
  const marked = ref<string | null>(null)
  const ids = computed(() => alarms.value.map((alarm) => alarm.id))
  const markedAlarm = computed(() => alarms.value.find((alarm) => alarm.id === marked.value) ?? null)
  let lastIndex = 0
  /** Acknowledged last: Enter opens it when none is marked, and another A goes on with the next. */
  let acted: string | null = null

  watch(ids, (now) => {
    if (marked.value === null) return
    const at = now.indexOf(marked.value)
    if (at >= 0) lastIndex = at
    else marked.value = step(now, marked.value, 0, lastIndex)
  })

  function move(by: number): void {
    marked.value = step(ids.value, marked.value, by, lastIndex)
    lastIndex = Math.max(0, ids.value.indexOf(marked.value ?? ''))
    void nextTick(() => document.querySelector('tr.marked')?.scrollIntoView({ block: 'nearest' }))
  }

  /** The marked one, or the first that the act fits. */
  function target(fits: (alarm: AlarmItem) => boolean): AlarmItem | undefined {
    const alarm = markedAlarm.value
    if (alarm) return fits(alarm) ? alarm : undefined
    return alarms.value.find(fits)
  }

  const acts: Record<ListAct, () => void> = {
    down: () => move(1),
    up: () => move(-1),
    acknowledge() {
      const alarm = target(mayAcknowledge)
      if (!alarm) return
      acted = alarm.id
      void acknowledge([alarm])
    },
    acknowledgeAll: () => void acknowledge(alarms.value.filter(mayAcknowledge)),
    reset() {
      const alarm = target(mayReset)
      if (alarm) void reset(alarm)
    },
    open() {
      const alarm = markedAlarm.value ?? alarms.value.find((each) => each.id === acted)
      if (alarm) void router.push(`/station/${alarm.asset}`)
    },
    details() {
      const alarm = target(() => true)
      if (alarm) options.openDetails(alarm)
    },
    search: () => options.search?.(),
  }

  function onKey(event: KeyboardEvent): void {
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return
    const act = actOf(event)
    if (!act || (event.key === 'Enter' && ownsEnter(event.target))) return
    event.preventDefault()
    acts[act]()
  }

  onMounted(() => window.addEventListener('keydown', onKey))
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey))
  return { marked, mark: (alarm) => (marked.value = alarm.id) }
}
