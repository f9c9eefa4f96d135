/** What is drawn of one point: its pieces of time, the gaps between them, and what comes live at the right edge. Pure. */
import type { LiveReading, Scalar, Trend, Words } from '../api/shapes'
import { isKnown, isMarked } from '../format/value'
import type { Extent } from './axes'

/**
 * A reading (`atMs` = `endMs`), or a piece of time with all that was read in it between `low` and `high`.
 * `value`: null when it is not known or cannot be drawn, as words cannot.
 */
export interface Piece {
  atMs: number
  endMs: number
  value: number | null
  low: number | null
  high: number | null
  /** What was told, of a reading. */
  told: Scalar
  /** Empty for a piece of time. */
  quality: string
  count: number
  /** By how much a counter grew. */
  gain: number | null
}

export interface Gap {
  fromMs: number
  toMs: number
  cause: string
  text: Words
  /** Told live, by the quality of a reading alone. */
  heard?: boolean
}

export interface Line {
  pieces: Piece[]
  gaps: Gap[]
  /** 0: readings as they were told. */
  resolutionMs: number
  /** Steps from value to value; else straight between them. */
  stepped: boolean
  /** Up to here it was asked; what is later was heard live. */
  toMs: number
}

/** A point is told again at least this often; what is older stands no longer. City time. */
export const STANDS_MS = 150_000
export const PIECES_MAX = 20_000

export const NOTHING: Line = { pieces: [], gaps: [], resolutionMs: 0, stepped: false, toMs: 0 }

export function lineOf(trend: Trend): Line {
  const toMs = Date.parse(trend.end)
  const resolutionMs = trend.resolution_s * 1000
  return {
    pieces: trend.buckets.length > 0 ? trend.buckets.map((each) => bucket(each, resolutionMs, toMs)) : trend.samples.map(sample),
    gaps: trend.gaps.map(({ begin, end, cause, text }) => ({ fromMs: Date.parse(begin), toMs: Date.parse(end), cause, text })),
    resolutionMs,
    // A reading is told by exception: it stands until the next, and a slope between the two would be invented.
    stepped: trend.buckets.length === 0 || trend.kind !== 'measure',
    toMs,
  }
}

/** The same line with a reading that came live. Unchanged when it tells nothing new. */
export function withReading(line: Line, heard: LiveReading, text: (quality: string) => Words): Line {
  const last = line.pieces.at(-1)
  const told = heard.taken_at === null ? line.toMs : Date.parse(heard.taken_at)
  const lastMs = last ? last.endMs : -Infinity
  const known = isKnown(heard.quality)
  // The time of a bad reading is that of the last good poll: not known from there on.
  const atMs = known ? told : Math.max(told, lastMs)
  if (atMs < lastMs || (known && atMs === lastMs)) return line
  const piece = sample({ at: new Date(atMs).toISOString(), value: heard.value, quality: heard.quality })
  const gaps = [...line.gaps]
  const open = gaps.at(-1)
  if (open && open.toMs === Infinity) gaps[gaps.length - 1] = { ...open, toMs: atMs }
  if (!known) gaps.push({ fromMs: atMs, toMs: Infinity, cause: heard.quality, text: text(heard.quality), heard: true })
  return {
    ...line,
    pieces: [...line.pieces, piece].slice(-PIECES_MAX),
    gaps: gaps.filter((gap) => gap.toMs > gap.fromMs),
  }
}

/** Moved in time, as another day is laid over this one. */
export function shifted(line: Line, byMs: number): Line {
  return {
    ...line,
    toMs: line.toMs + byMs,
    pieces: line.pieces.map((each) => ({ ...each, atMs: each.atMs + byMs, endMs: each.endMs + byMs })),
    gaps: line.gaps.map((each) => ({ ...each, fromMs: each.fromMs + byMs, toMs: each.toMs + byMs })),
  }
}

/** A vertex of what is drawn. */
export interface Vertex {
  atMs: number
  value: number
}

/** Runs of the line: each ends where a gap begins, none bridges one. `untilMs`: the last value stands as far as here. */
export function runsOf(line: Line, untilMs: number): Vertex[][] {
  const runs: Vertex[][] = []
  let run: Vertex[] = []
  let gap = 0
  const close = (): void => {
    if (run.length > 0) runs.push(run)
    run = []
  }
  line.pieces.forEach((piece, index) => {
    const middle = (piece.atMs + piece.endMs) / 2
    if (piece.value === null) {
      close()
      return
    }
    run.push({ atMs: line.stepped ? piece.atMs : middle, value: piece.value })
    const next = line.pieces[index + 1]
    const nextMs = next?.atMs ?? standsUntil(piece, untilMs)
    // Gaps lie in their order, and so do the pieces: neither is looked at twice.
    while ((line.gaps[gap]?.toMs ?? Infinity) <= piece.endMs) gap += 1
    const cut = line.gaps[gap]
    const isCut = cut !== undefined && cut.fromMs < nextMs && cut.toMs > piece.endMs
    const standsMs = isCut ? Math.max(piece.endMs, cut.fromMs) : nextMs
    if (line.stepped || isCut || !next || next.value === null) run.push({ atMs: standsMs, value: piece.value })
    if (isCut) close()
  })
  close()
  return runs
}

/** Pieces of time as boxes from their least to their most. */
export function boxesOf(line: Line): Piece[] {
  return line.pieces.filter((piece) => piece.endMs > piece.atMs && piece.low !== null && piece.high !== null)
}

/** Between what all that is drawn of [fromMs, toMs] lies; null: nothing is. */
export function extentOf(line: Line, fromMs: number, toMs: number): Extent | null {
  let [low, high] = [Infinity, -Infinity]
  const first = Math.max(0, pieceIndexAt(line, fromMs))
  for (let index = first; index < line.pieces.length; index += 1) {
    const piece = line.pieces[index]!
    if (piece.atMs > toMs) break
    low = Math.min(low, piece.low ?? piece.value ?? Infinity)
    high = Math.max(high, piece.high ?? piece.value ?? -Infinity)
  }
  return low <= high ? { low, high } : null
}

/** What is known of a moment: the piece that stood then, or why nothing did. */
export function standingAt(line: Line, atMs: number, untilMs: number): { piece: Piece | null; gap: Gap | null } {
  if (atMs > untilMs) return { piece: null, gap: null }
  const gap = line.gaps.find((each) => each.fromMs <= atMs && atMs < each.toMs) ?? null
  if (gap) return { piece: null, gap }
  const index = pieceIndexAt(line, atMs)
  const piece = line.pieces[index]
  if (!piece) return { piece: null, gap: null }
  const next = line.pieces[index + 1]
  return next || atMs <= standsUntil(piece, untilMs) ? { piece, gap: null } : { piece: null, gap: null }
}

/** How long the last piece is worth something: a point that falls silent is not known for ever. */
function standsUntil(piece: Piece, untilMs: number): number {
  const standsMs = isMarked(piece.quality) ? Infinity : STANDS_MS
  return Math.max(piece.endMs, Math.min(untilMs, piece.endMs + standsMs))
}

/** The last piece that begins at or before a moment; -1: none does. */
function pieceIndexAt(line: Line, atMs: number): number {
  let [low, high] = [0, line.pieces.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (line.pieces[middle]!.atMs <= atMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

function sample({ at, value, quality }: Trend['samples'][number]): Piece {
  const number = typeof value === 'boolean' ? Number(value) : value
  const drawn = isKnown(quality) && typeof number === 'number' ? number : null
  const atMs = Date.parse(at)
  return { atMs, endMs: atMs, value: drawn, low: drawn, high: drawn, told: value, quality, count: 1, gain: null }
}

function bucket(each: Trend['buckets'][number], resolutionMs: number, toMs: number): Piece {
  const atMs = Date.parse(each.at)
  const endMs = Math.max(atMs, Math.min(atMs + resolutionMs, toMs))
  const { min: low, max: high, mean, last, count, gain } = each
  return { atMs, endMs, value: mean ?? last, low, high, told: last, quality: '', count, gain }
}
