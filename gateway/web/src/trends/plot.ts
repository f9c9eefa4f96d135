/** The chart itself: uPlot gives scales, axes, cursor and selection, and draws the paths that are built here. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { numberText, unitText, valueText } from '../format/value'
import { language } from '../i18n'
import { type Axis, roomy, together } from './axes'
import { tickTexts } from './calendar'
import { boxesOf, extentOf, type Line, runsOf } from './line'
import type { Chosen, Geometry } from './view'

export interface Shown {
  chosen: Chosen[]
  axes: Axis[]
  fromMs: number
  toMs: number
  /** Now, or the end of what is known: no line goes beyond. */
  untilMs: number
  zone: string
}

export interface Told {
  onCursor(atMs: number | null): void
  onZoom(fromMs: number, toMs: number): void
  onBack(): void
  onGeometry(geometry: Geometry): void
}

const DRAG_PX_MIN = 6
const ENDS: uPlot.AlignedData = [[0, 1]]

export function plotIn(frame: HTMLElement, size: { width: number; height: number }, shown: () => Shown, told: Told): uPlot {
  const { axes, chosen } = shown()
  const series = chosen.flatMap((each, index) => seriesOf(each, index, shown))
  const options: uPlot.Options = {
    ...size,
    ms: 1,
    tzDate: (atMs) => uPlot.tzDate(new Date(atMs), shown().zone),
    legend: { show: false },
    padding: [10, axes.length > 1 ? 0 : 16, 0, 0],
    cursor: {
      // The cursor is drawn at its moment, over the lines and beside them alike.
      x: false,
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          told.onBack()
          return null
        },
      },
    },
    scales: {
      x: { time: true, range: () => [shown().fromMs, shown().toMs] },
      ...Object.fromEntries(axes.map(({ scale }) => [scale, { auto: true, range: () => rangeOf(scale, shown()) }])),
    },
    axes: [timeAxis(shown), ...axes.map((axis, index) => valueAxis(axis, index, shown))],
    series: [{}, ...series],
    hooks: {
      draw: [(plot) => told.onGeometry(geometryOf(plot, axes))],
      setCursor: [(plot) => told.onCursor((plot.cursor.left ?? -1) < 0 ? null : plot.posToVal(plot.cursor.left ?? 0, 'x'))],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width >= DRAG_PX_MIN) told.onZoom(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'))
          if (width > 0) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
  return new uPlot(options, [ENDS[0], ...series.map(() => [null, null])] as uPlot.AlignedData, frame)
}

/** Draw what is shown now. */
export function redraw(plot: uPlot, { fromMs, toMs }: Shown): void {
  plot.setScale('x', { min: fromMs, max: toMs })
}

/** The other day lies below its own. */
function seriesOf(chosen: Chosen, index: number, shown: () => Shown): uPlot.Series[] {
  if (chosen.scale === null) return []
  const colour = colourOf(chosen.pen.colour)
  const common = { scale: chosen.scale, auto: false, dash: chosen.pen.dash, stroke: colour, points: { show: false } }
  const own = (): Chosen | undefined => shown().chosen[index]
  const drawn: uPlot.Series = {
    ...common,
    width: 2,
    fill: `${colour}38`,
    paths: (plot) => pathsOf(plot, chosen.scale ?? '', own()?.line, shown().untilMs),
  }
  if (chosen.other === null) return [drawn]
  const other: uPlot.Series = {
    ...common,
    width: 1,
    alpha: 0.75,
    paths: (plot) => pathsOf(plot, chosen.scale ?? '', own()?.other ?? undefined, own()?.other?.toMs ?? 0, false),
  }
  return [other, drawn]
}

function pathsOf(
  plot: uPlot,
  scale: string,
  line: Line | undefined,
  untilMs: number,
  boxed = true,
): uPlot.Series.Paths | null {
  if (!line) return null
  const stroke = new Path2D()
  const fill = new Path2D()
  const x = (atMs: number): number => plot.valToPos(atMs, 'x', true)
  const y = (value: number): number => plot.valToPos(value, scale, true)
  for (const run of runsOf(line, untilMs)) {
    run.forEach(({ atMs, value }, index) => {
      if (index === 0) stroke.moveTo(x(atMs), y(value))
      else {
        if (line.stepped) stroke.lineTo(x(atMs), y(run[index - 1]!.value))
        stroke.lineTo(x(atMs), y(value))
      }
    })
  }
  for (const box of boxed ? boxesOf(line) : []) {
    const [left, top] = [x(box.atMs), y(box.high ?? 0)]
    fill.rect(left, top, x(box.endMs) - left, y(box.low ?? 0) - top)
  }
  return { stroke, fill: boxed ? fill : null, flags: 0 }
}

function rangeOf(scale: string, { chosen, fromMs, toMs }: Shown): [number, number] {
  const own = chosen.filter((each) => each.scale === scale)
  const lines = own.flatMap((each) => (each.other ? [each.line, each.other] : [each.line]))
  const { low, high } = roomy(together(lines.map((line) => extentOf(line, fromMs, toMs))))
  return [low, high]
}

function timeAxis(shown: () => Shown): uPlot.Axis {
  return {
    ...axisStyle(),
    scale: 'x',
    space: 80,
    size: 42,
    values: (_plot, ticks, _axis, _space, stepMs) => tickTexts(ticks, stepMs, shown().zone),
  }
}

function valueAxis({ unit, scale, side }: Axis, index: number, shown: () => Shown): uPlot.Axis {
  const only = (): Chosen | null => {
    const own = shown().chosen.filter((each) => each.scale === scale)
    return own.length === 1 ? own[0]! : null
  }
  return {
    ...axisStyle(),
    scale,
    side: side === 'left' ? 3 : 1,
    label: unitText(unit),
    labelSize: unit ? 18 : 0,
    labelFont: font(),
    labelGap: 0,
    gap: 4,
    size: (_plot, texts) => Math.max(36, 14 + 7.5 * Math.max(0, ...(texts ?? []).map(widthOf))),
    grid: { show: index === 0, stroke: colourOf('--line'), width: 1 },
    ...(unit === '' && { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000, 100_000, 1_000_000] }),
    values: (_plot, ticks) => {
      const reading = only()?.reading
      const labels = reading?.labels
      return ticks.map((tick) => (labels ? valueText(tick, unit, labels, language()) : numberText(tick, unit)))
    },
  }
}

function axisStyle(): uPlot.Axis {
  const line = colourOf('--line')
  return {
    stroke: colourOf('--muted'),
    font: font(),
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 5 },
    border: { show: true, stroke: line, width: 1 },
  }
}

function geometryOf(plot: uPlot, axes: readonly Axis[]): Geometry {
  const { left, top, width, height } = plot.bbox
  const scales = axes.map(({ scale }) => [scale, { min: plot.scales[scale]?.min ?? 0, max: plot.scales[scale]?.max ?? 1 }])
  const ratio = uPlot.pxRatio
  return { left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio, scales: Object.fromEntries(scales) }
}

/** In widths of a digit: a Chinese character takes two. */
function widthOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + (letter > '\u2e80' ? 2 : 1), 0)
}

function styles(): CSSStyleDeclaration {
  return getComputedStyle(document.documentElement)
}

function colourOf(name: string): string {
  return styles().getPropertyValue(name).trim()
}

function font(): string {
  return `${styles().getPropertyValue('--small').trim()} ${styles().fontFamily}`
}
