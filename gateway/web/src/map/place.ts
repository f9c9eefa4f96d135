/** Where names go on the map: near things share a stack, and a stack takes the side where it covers nothing. */
import type { Point } from './project'

export interface Thing {
  id: string
  at: Point
  /** Width of its line (shape and name), px: with its whole name, and cut short. */
  width: number
  narrowWidth: number
}

export interface Stack {
  ids: string[]
  /** Where the first one stands. */
  at: Point
  side: 'right' | 'left'
  /** How far the stack is moved up or down, px. */
  shift: number
  /** Names are cut short, for there is no room for more. */
  narrow: boolean
  width: number
}

export interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

export const LINE = 22
const NEAR = 30
/** Half the shape, and the alarm sign on its other side. */
const SIGN = 34
const SHIFTS = [0, -1, 1, -2, 2, -3, 3, -4, 4].map((lines) => (lines * LINE) / 2)

export function place(things: readonly Thing[], frame: { width: number; height: number }): Stack[] {
  const taken: Box[] = []
  return stacks(things).map((stack) => {
    const ids = stack.map((thing) => thing.id)
    const at = stack[0]!.at
    const options: Stack[] = [false, true].flatMap((narrow) => {
      const width = Math.max(...stack.map((thing) => (narrow ? thing.narrowWidth : thing.width)))
      return SHIFTS.flatMap((shift) => (['right', 'left'] as const).map((side) => ({ ids, at, side, shift, narrow, width })))
    })
    const costs = options.map((option) => cost(option, taken, frame))
    const best = options[costs.indexOf(Math.min(...costs))]!
    taken.push(boxOfStack(best))
    return best
  })
}

const NARROW_COST = 60

function cost(option: Stack, taken: readonly Box[], frame: { width: number; height: number }): number {
  const box = boxOfStack(option)
  const covered = taken.reduce((sum, other) => sum + overlap(box, other), 0)
  return covered + 4 * outside(box, frame) + Math.abs(option.shift) + (option.narrow ? NARROW_COST : 0)
}

export function boxOfStack({ ids, at: [x, y], side, shift, width }: Stack): Box {
  const top = y - LINE / 2 + shift
  const [left, right] = side === 'right' ? [x - SIGN, x + width] : [x - width, x + SIGN]
  return { left, right, top, bottom: top + ids.length * LINE }
}

/** Where the middle of a large, faint name goes: near `at`, where it covers least. */
export function placeName(at: Point, width: number, size: number, taken: readonly Box[]): Point {
  let best = at
  let least = Infinity
  for (const down of [0, 1, -1, 2, -2, 3, -3]) {
    for (const aside of [0, 0.5, -0.5, 1, -1]) {
      const [x, y] = [at[0] + aside * width, at[1] + down * 1.6 * size]
      const box = { left: x - width / 2, right: x + width / 2, top: y - size, bottom: y + size / 3 }
      const cost = taken.reduce((sum, other) => sum + overlap(box, other), 0) + Math.abs(down) * 8 + Math.abs(aside) * 12
      if (cost < least) {
        least = cost
        best = [x, y]
      }
    }
  }
  return best
}

/** Things nearer than NEAR px to the first of a stack join it. */
function stacks(things: readonly Thing[]): Thing[][] {
  const found: Thing[][] = []
  for (const thing of things) {
    const mine = found.find(([first]) => first && Math.hypot(first.at[0] - thing.at[0], first.at[1] - thing.at[1]) < NEAR)
    if (mine) mine.push(thing)
    else found.push([thing])
  }
  return found
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  return width > 0 && height > 0 ? width * height : 0
}

function outside(box: Box, frame: { width: number; height: number }): number {
  const beyond = [-box.left, box.right - frame.width, -box.top, box.bottom - frame.height]
  return beyond.reduce((sum, each) => sum + Math.max(0, each) * LINE, 0)
}

/** About how wide a text is drawn, px: a Chinese sign is square, a letter about half as wide. */
export function textWidth(text: string, size: number): number {
  let width = 0
  for (const sign of text) width += sign.charCodeAt(0) > 0x2e80 ? size : size * 0.57
  return width
}
