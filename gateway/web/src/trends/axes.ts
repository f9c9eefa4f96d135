/** An axis a unit, left and right in turn; and how far each reaches. Pure. */

export const AXES_MAX = 4

export interface Axis {
  unit: string
  /** Name of its scale. */
  scale: string
  side: 'left' | 'right'
}

export interface Extent {
  low: number
  high: number
}

/** In the order in which the units come; of a unit beyond the fourth there is none. */
export function axesOf(units: readonly string[]): Axis[] {
  return [...new Set(units)].slice(0, AXES_MAX).map((unit, index) => ({
    unit,
    scale: `y${index}`,
    side: index % 2 === 0 ? 'left' : 'right',
  }))
}

/** What all of them span; null: none does. */
export function together(extents: readonly (Extent | null)[]): Extent | null {
  const found = extents.filter((each) => each !== null)
  if (found.length === 0) return null
  return { low: Math.min(...found.map((each) => each.low)), high: Math.max(...found.map((each) => each.high)) }
}

/** With room above and below, never without height. */
export function roomy(found: Extent | null): Extent {
  if (found === null) return { low: 0, high: 1 }
  const room = Math.max((found.high - found.low) * 0.08, Math.abs(found.high) * 0.005, 0.02)
  return { low: found.low - room, high: found.high + room }
}
