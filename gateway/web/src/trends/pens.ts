/** How the lines of a page are told apart: each has a colour and a pattern of its own, for colour alone tells too little. */
export interface Pen {
  /** Name of the colour in the style sheet, for both themes. */
  colour: string
  /** Lengths of strokes and spaces, px. */
  dash: number[]
}

const DASHES: readonly number[][] = [
  [],
  [10, 4],
  [3, 3],
  [12, 3, 3, 3],
  [6, 2],
  [1, 3],
  [18, 5],
  [8, 3, 2, 3, 2, 3],
  [4, 7],
  [14, 3, 6, 3],
]

export const PENS: readonly Pen[] = DASHES.map((dash, index) => ({ colour: `--trend-${index}`, dash }))

export function penOf(index: number): Pen {
  return PENS[index % PENS.length]!
}
