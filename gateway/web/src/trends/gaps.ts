/** Where the chart is hatched: when of some or of all of its points nothing is known. Pure. */
import type { Gap, Line } from './line'

export interface Hatch {
  fromMs: number
  toMs: number
  /** Which lines, by their place among them. */
  missing: number[]
  /** Their causes, each once. */
  causes: Gap[]
}

/** In [fromMs, toMs], in their order; neighbours in which the same lines are missing for the same causes are one. */
export function hatchesOf(lines: readonly Line[], fromMs: number, toMs: number): Hatch[] {
  const gaps = lines.flatMap((line, index) =>
    line.gaps
      .map((gap) => ({ ...gap, index, fromMs: Math.max(gap.fromMs, fromMs), toMs: Math.min(gap.toMs, toMs) }))
      .filter((gap) => gap.toMs > gap.fromMs),
  )
  const edges = [...new Set(gaps.flatMap((gap) => [gap.fromMs, gap.toMs]))].sort((a, b) => a - b)
  const found: Hatch[] = []
  edges.slice(0, -1).forEach((edge, at) => {
    const end = edges[at + 1]!
    const here = gaps.filter((gap) => gap.fromMs <= edge && gap.toMs >= end)
    if (here.length === 0) return
    const missing = [...new Set(here.map((gap) => gap.index))]
    const causes = [...new Map(here.map((gap) => [gap.cause, gap])).values()]
    const last = found.at(-1)
    if (last && last.toMs === edge && same(last, missing, causes)) last.toMs = end
    else found.push({ fromMs: edge, toMs: end, missing, causes })
  })
  return found
}

function same(hatch: Hatch, missing: readonly number[], causes: readonly Gap[]): boolean {
  const names = (gaps: readonly Gap[]): string => gaps.map((gap) => gap.cause).join()
  return hatch.missing.join() === missing.join() && names(hatch.causes) === names(causes)
}
