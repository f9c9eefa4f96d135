/** What the parts of the trend page hand each other. */
import type { Reading } from '../api/shapes'
import type { Series } from './address'
import type { Line } from './line'
import type { Pen } from './pens'

/** A chosen point. */
export interface Chosen {
  key: string
  series: Series
  pen: Pen
  /** Null: not known yet, or not there. */
  reading: Reading | null
  /** Its scale; null: it has a unit for which there is no axis left, and is not drawn. */
  scale: string | null
  line: Line
  /** The same point on another day, moved to this one. */
  other: Line | null
}

/** Where the plot lies in its frame, px, and between what each scale lies. */
export interface Geometry {
  left: number
  top: number
  width: number
  height: number
  scales: Record<string, { min: number; max: number }>
}
