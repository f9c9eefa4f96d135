/** The horn itself: short bursts made with WebAudio, no files. Needs one click or key on the page first. */
import { ref } from 'vue'
import { PATTERNS, type Pattern } from './horn'

export type SoundState = 'on' | 'muted' | 'blocked'

const MUTED_KEY = 'urbanops.muted'
/** Soft edges: a burst must not click. */
const RAMP_S = 0.01
const VOLUME = 0.35

let context: AudioContext | null = null
let timer: ReturnType<typeof setInterval> | null = null
let playing: Pattern | null = null

const running = ref(false)
const muted = ref(localStorage.getItem(MUTED_KEY) === 'yes')

export function soundState(): SoundState {
  if (muted.value) return 'muted'
  return running.value ? 'on' : 'blocked'
}

/** To be called inside a click or a key press: browsers allow sound only then. */
export function unlockSound(): void {
  if (!context) {
    context = new AudioContext()
    context.onstatechange = () => (running.value = context?.state === 'running')
  }
  running.value = context.state === 'running'
  if (context.state !== 'running') void context.resume().then(() => (running.value = context?.state === 'running'))
}

export function setMuted(wish: boolean): void {
  muted.value = wish
  localStorage.setItem(MUTED_KEY, wish ? 'yes' : 'no')
}

/** Repeat a pattern, or fall quiet. */
export function play(pattern: Pattern | null): void {
  if (pattern === playing) return
  playing = pattern
  if (timer !== null) clearInterval(timer)
  timer = null
  if (!pattern) return
  burst(pattern)
  timer = setInterval(() => burst(pattern), pattern.everyS * 1000)
}

/** Let it be heard once, whatever is going on: is the speaker on? */
export function testSound(): void {
  unlockSound()
  burst(PATTERNS[2])
}

function burst(pattern: Pattern): void {
  if (!context || muted.value || context.state !== 'running') return
  for (let pulse = 0; pulse < pattern.pulses; pulse += 1) {
    const begin = context.currentTime + pulse * (pattern.pulseS + pattern.gapS)
    const end = begin + pattern.pulseS
    const gain = context.createGain()
    gain.gain.setValueAtTime(0, begin)
    gain.gain.linearRampToValueAtTime(VOLUME, begin + RAMP_S)
    gain.gain.setValueAtTime(VOLUME, end - RAMP_S)
    gain.gain.linearRampToValueAtTime(0, end)
    const tone = context.createOscillator()
    tone.type = 'triangle'
    tone.frequency.value = pattern.frequencyHz
    tone.connect(gain).connect(context.destination)
    tone.start(begin)
    tone.stop(end)
  }
}
