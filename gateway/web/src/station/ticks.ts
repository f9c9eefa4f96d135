/** Labels beside a scale, pushed apart so that none covers another. */
export interface Tick {
  value: number
  text: string
  kind: 'limit' | 'alarm' | 'start' | 'stop'
}

export interface Placed extends Tick {
  /** Where the value lies, px from the top. */
  y: number
  /** Where its label lies. */
  labelY: number
}

export function spread(ticks: readonly Tick[], yOf: (value: number) => number, gap: number, bottom: number): Placed[] {
  const placed = [...ticks]
    .sort((a, b) => b.value - a.value)
    .map((tick) => ({ ...tick, y: yOf(tick.value), labelY: yOf(tick.value) }))
  let least = -Infinity
  for (const tick of placed) {
    tick.labelY = Math.max(tick.labelY, least)
    least = tick.labelY + gap
  }
  let most = bottom
  for (const tick of placed.toReversed()) {
    tick.labelY = Math.min(tick.labelY, most)
    most = tick.labelY - gap
  }
  return placed
}
