/** The alarms of the live city as every page needs them, and the horn that follows them. */
import { computed, ref, watch } from 'vue'
import { city, isStale } from '../live/store'
import { mayDo, session } from '../session'
import { patternDue, prune, type Silenced, silence } from './horn'
import { byUrgency, countUnseen, HIDDEN, isUnseen } from './order'
import { play } from './sound'

export const standing = computed(() => [...city.alarms.values()].filter((alarm) => !HIDDEN.has(alarm.state)).sort(byUrgency))
export const unseenCounts = computed(() => countUnseen(standing.value))
export const worstUnseen = computed(() => standing.value.find(isUnseen) ?? null)

const silenced = ref<Silenced>(new Map())

/** It sounds where the alarm can be acknowledged, and nowhere else. */
const audible = computed(() =>
  session.me ? standing.value.filter((alarm) => mayDo('acknowledge', alarm.area)) : [],
)
/** The burst that is due now; null: quiet. */
export const sounding = computed(() => patternDue(audible.value, silenced.value))

export function silenceHorn(): void {
  silenced.value = silence(audible.value)
}

export function startHorn(): void {
  watch(audible, (alarms) => (silenced.value = prune(alarms, silenced.value)))
  watch([sounding, isStale], () => play(sounding.value), { immediate: true })
}
