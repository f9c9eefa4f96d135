import { createApp, watch } from 'vue'
import { startHorn } from './alarms/board'
import { unlockSound } from './alarms/sound'
import { whenSignedOut } from './api/client'
import App from './App.vue'
import { i18n, language, setLanguage } from './i18n'
import { startClock } from './live/clock'
import { stopLive } from './live/store'
import { onSignedOut, router } from './router'
import { session } from './session'
import './styles/base.css'
import { apply } from './theme'

apply()
setLanguage(language())
startClock()
startHorn()
whenSignedOut(onSignedOut)
watch(
  () => session.me,
  (me) => me ?? stopLive(),
)

/** After a reload the first click or key on the page brings the sound back; the sound's own button does so itself. */
function onGesture(event: Event): void {
  if (session.me && !(event.target as Element).closest?.('.sound')) unlockSound()
}
for (const gesture of ['pointerdown', 'keydown'] as const) window.addEventListener(gesture, onGesture, { capture: true })

createApp(App).use(i18n).use(router).mount('#app')
