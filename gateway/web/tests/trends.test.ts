import { describe, expect, it } from 'vitest'
import type { JournalItem, LiveReading, Trend } from '../src/api/shapes'
import { type Address, fixed, linkTo, readAddress, SERIES_MAX, writeAddress } from '../src/trends/address'
import { axesOf, roomy, together } from '../src/trends/axes'
import { dayAfter, isDay, momentOf, shiftTo, shownAt, tickTexts } from '../src/trends/calendar'
import { exportLink, resolutionOf } from '../src/trends/files'
import { hatchesOf } from '../src/trends/gaps'
import { limitsOf } from '../src/trends/limits'
import { extentOf, lineOf, NOTHING, runsOf, shifted, STANDS_MS, standingAt, withReading } from '../src/trends/line'
import { marksAt, marksOf, stacked } from '../src/trends/marks'
import { PENS } from '../src/trends/pens'
import { alarm } from './fixtures'

const ZONE = 'Asia/Shanghai'
const START = Date.parse('2026-07-29T10:00:00Z')
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString()
const ms = (seconds: number): number => START + seconds * 1000
const words = (text: string) => ({ zh: text, en: text })

function trend(changes: Partial<Trend> = {}): Trend {
  const common = { asset: 'xinhua', point: 'level', unit: 'm', kind: 'measure' as const, begin: at(0), end: at(60) }
  return { ...common, resolution_s: 0, samples: [], buckets: [], gaps: [], ...changes }
}
const samples = (...told: [seconds: number, value: number | boolean | null, quality?: string][]): Trend['samples'] =>
  told.map(([seconds, value, quality = 'good']) => ({ at: at(seconds), value, quality }))
const gap = (begin: number, end: number, cause = 'link') => ({ begin: at(begin), end: at(end), cause, text: words(cause) })
const bucket = (seconds: number, min: number | null, mean: number | null, max: number | null): Trend['buckets'][number] => ({
  ...{ at: at(seconds), min, max, mean, last: mean },
  ...{ count: 3, good_s: 10, gain: null, resets: 0 },
})
const heard = (seconds: number, value: number | null, quality = 'good'): LiveReading => ({
  ...{ asset: 'xinhua', point: 'level', value, quality },
  ...{ taken_at: at(seconds), changed_at: at(seconds) },
})
const seconds = (runs: { atMs: number; value: number }[][]) => runs.map((run) => run.map((each) => [(each.atMs - START) / 1000, each.value]))

describe('the address of a trend page', () => {
  const pages: [string, Address][] = [
    ['a live one', { series: [{ asset: 'xinhua', point: 'level' }], period: { kind: 'live', spanMs: 600_000 }, compare: null }],
    ['a fixed one', { series: [], period: { kind: 'fixed', fromMs: ms(0), toMs: ms(3600.5) }, compare: null }],
    [
      'two points and another day',
      {
        series: [
          { asset: 'xinhua', point: 'level' },
          { asset: 'kaiping', point: 'pump1_running' },
        ],
        period: { kind: 'live', spanMs: 86_400_000 },
        compare: '2026-07-28',
      },
    ],
  ]
  it.each(pages)('of %s is read as it was written', (_name, address) => {
    expect(readAddress(writeAddress(address))).toEqual(address)
  })

  it('without anything is the last hour of nothing', () => {
    expect(readAddress({})).toEqual({ series: [], period: { kind: 'live', spanMs: 3_600_000 }, compare: null })
  })

  it('takes no point twice, none without its asset, and no more than ten', () => {
    const many = Array.from({ length: 14 }, (_, index) => `xinhua:p${index}`)
    expect(readAddress({ s: ['xinhua:level', 'xinhua:level', 'level', ':level'] }).series).toEqual([{ asset: 'xinhua', point: 'level' }])
    expect(readAddress({ s: many }).series).toHaveLength(SERIES_MAX)
  })

  it('that makes no sense is the last hour', () => {
    for (const query of [{ last: 'x' }, { last: '-5' }, { from: at(10), to: at(5) }, { from: at(10) }, { from: 'x', to: 'y' }])
      expect(readAddress(query).period).toEqual({ kind: 'live', spanMs: 3_600_000 })
    expect(readAddress({ compare: '2026-02-31' }).compare).toBeNull()
  })

  it('is neither shorter nor longer than can be shown', () => {
    const short = fixed(ms(0), ms(1))
    expect(short).toEqual({ kind: 'fixed', fromMs: ms(-4.5), toMs: ms(5.5) })
    expect(readAddress({ last: '1e12' }).period).toMatchObject({ kind: 'live', spanMs: 3 * 366 * 86_400_000 })
  })

  it('is what a reading links to', () => {
    expect(linkTo('xinhua', 'level')).toEqual({ path: '/trends', query: { s: ['xinhua:level'], last: '3600' } })
  })
})

describe('days and clocks of the site', () => {
  it('are shown and read alike', () => {
    expect(shownAt(START, ZONE)).toBe('2026-07-29T18:00:00')
    expect(momentOf('2026-07-29T18:00:00', ZONE)).toBe(START)
    expect(momentOf('', ZONE)).toBeNaN()
  })

  it('count the hour that a zone skips', () => {
    expect(momentOf('2026-03-29T03:30:00', 'Europe/Berlin')).toBe(Date.parse('2026-03-29T01:30:00Z'))
    expect(shiftTo('2026-03-28', Date.parse('2026-03-29T10:00:00Z'), 'Europe/Berlin')).toBe(23 * 3_600_000)
  })

  it('are the same time of another day', () => {
    expect(shiftTo('2026-07-28', START + 250, ZONE)).toBe(86_400_000)
    expect(dayAfter('2026-03-01', -1)).toBe('2026-02-28')
    expect(isDay('2026-13-01')).toBe(false)
  })

  it('name the day where it changes', () => {
    const ticks = ['2026-07-29T15:30:00Z', '2026-07-29T16:00:00Z', '2026-07-29T16:30:00Z'].map((each) => Date.parse(each))
    expect(tickTexts(ticks, 1_800_000, ZONE)).toEqual(['23:30\n2026-07-29', '00:00\n07-30', '00:30'])
    expect(tickTexts(ticks.slice(0, 1), 10_000, ZONE)).toEqual(['23:30:00\n2026-07-29'])
    expect(tickTexts([START, START + 86_400_000], 86_400_000, ZONE)).toEqual(['2026-07-29', '07-30'])
  })
})

describe('axes', () => {
  it('are one a unit, left and right in turn, and four at most', () => {
    expect(axesOf(['m', 'A', 'm', '']).map((axis) => [axis.unit, axis.side])).toEqual([
      ['m', 'left'],
      ['A', 'right'],
      ['', 'left'],
    ])
    expect(axesOf(['m', 'A', '', 'V', 'mm']).map((axis) => axis.unit)).toEqual(['m', 'A', '', 'V'])
  })

  it('have room, and height where all is the same', () => {
    expect(roomy(null)).toEqual({ low: 0, high: 1 })
    const flat = roomy({ low: 2, high: 2 })
    expect(flat.low).toBeLessThan(2)
    expect(flat.high).toBeGreaterThan(2)
    expect(together([null, { low: 1, high: 2 }, { low: -1, high: 0 }])).toEqual({ low: -1, high: 2 })
    expect(together([null])).toBeNull()
  })
})

describe('a line', () => {
  it('stands from reading to reading: they are told by exception', () => {
    const line = lineOf(trend({ samples: samples([0, 1], [30, 2]) }))
    expect(seconds(runsOf(line, ms(60)))).toEqual([[[0, 1], [30, 1], [30, 2], [60, 2]]])
    const status = lineOf(trend({ kind: 'status', samples: samples([0, false], [30, true]) }))
    expect(seconds(runsOf(status, ms(60)))).toEqual([[[0, 0], [30, 0], [30, 1], [60, 1]]])
  })

  it('ends where a gap begins and bridges none', () => {
    const line = lineOf(trend({ samples: samples([0, 1], [10, null, 'bad.timeout'], [40, 3]), gaps: [gap(10, 40)] }))
    expect(seconds(runsOf(line, ms(60)))).toEqual([[[0, 1], [10, 1]], [[40, 3], [60, 3]]])
  })

  it('is cut by a gap in which nothing was told at all', () => {
    const line = lineOf(trend({ samples: samples([0, 1], [50, 3]), gaps: [gap(20, 50)] }))
    expect(seconds(runsOf(line, ms(60)))).toEqual([[[0, 1], [20, 1]], [[50, 3], [60, 3]]])
  })

  it('does not stand for ever when the point falls silent', () => {
    const line = lineOf(trend({ samples: samples([0, 1]) }))
    expect(runsOf(line, ms(10_000))[0]?.at(-1)?.atMs).toBe(START + STANDS_MS)
    expect(standingAt(line, ms(10_000), ms(10_000)).piece).toBeNull()
    const set = lineOf(trend({ samples: samples([0, 1, 'good.manual']) }))
    expect(standingAt(set, ms(10_000), ms(10_000)).piece?.value).toBe(1)
  })

  it('goes through the middle of pieces of time, the last of which is not over', () => {
    const line = lineOf(trend({ resolution_s: 20, buckets: [bucket(0, 0, 1, 4), bucket(20, 1, 2, 3), bucket(40, 1, 3, 9)], end: at(50) }))
    expect(seconds(runsOf(line, ms(50)))).toEqual([[[10, 1], [30, 2], [45, 3], [50, 3]]])
    expect(extentOf(line, ms(0), ms(50))).toEqual({ low: 0, high: 9 })
    expect(extentOf(line, ms(21), ms(39))).toEqual({ low: 1, high: 3 })
    expect(standingAt(line, ms(25), ms(50)).piece).toMatchObject({ low: 1, value: 2, high: 3 })
  })

  it('knows the gap of a moment, and nothing of what is to come', () => {
    const line = lineOf(trend({ samples: samples([0, 1], [40, 3]), gaps: [gap(10, 40)] }))
    expect(standingAt(line, ms(20), ms(60))).toMatchObject({ piece: null, gap: { cause: 'link' } })
    expect(standingAt(line, ms(5), ms(60)).piece?.value).toBe(1)
    expect(standingAt(line, ms(70), ms(60))).toEqual({ piece: null, gap: null })
    expect(standingAt(NOTHING, ms(0), ms(60))).toEqual({ piece: null, gap: null })
  })

  it('goes on with what is heard, once', () => {
    const line = lineOf(trend({ samples: samples([0, 1]) }))
    const longer = withReading(withReading(line, heard(10, 2), words), heard(10, 2), words)
    expect(longer.pieces.map((each) => each.value)).toEqual([1, 2])
    expect(withReading(longer, heard(5, 9), words)).toBe(longer)
  })

  it('is not known from a bad reading on until a good one comes', () => {
    const line = lineOf(trend({ samples: samples([0, 1], [30, 2]) }))
    const lost = withReading(line, heard(25, null, 'bad.timeout'), words)
    expect(lost.gaps).toMatchObject([{ fromMs: ms(30), toMs: Infinity, cause: 'bad.timeout' }])
    expect(standingAt(lost, ms(40), ms(50)).gap?.cause).toBe('bad.timeout')
    const back = withReading(lost, heard(50, 3), words)
    expect(back.gaps).toMatchObject([{ fromMs: ms(30), toMs: ms(50) }])
    expect(seconds(runsOf(back, ms(60)))).toEqual([[[0, 1], [30, 1], [30, 2], [30, 2]], [[50, 3], [60, 3]]])
  })

  it('of another day lies over this one', () => {
    const line = shifted(lineOf(trend({ samples: samples([0, 1]), gaps: [gap(10, 20)] })), 86_400_000)
    expect(line.pieces[0]?.atMs).toBe(START + 86_400_000)
    expect(line.gaps[0]?.fromMs).toBe(ms(10) + 86_400_000)
  })
})

describe('hatching', () => {
  const line = (...gaps: Trend['gaps']) => lineOf(trend({ gaps }))

  it('tells of which lines nothing is known, and why', () => {
    const found = hatchesOf([line(gap(0, 20), gap(30, 40)), line(gap(10, 40, 'device'))], ms(0), ms(60))
    expect(found.map((each) => [(each.fromMs - START) / 1000, (each.toMs - START) / 1000, each.missing, each.causes.map((one) => one.cause)])).toEqual([
      [0, 10, [0], ['link']],
      [10, 20, [0, 1], ['link', 'device']],
      [20, 30, [1], ['device']],
      [30, 40, [0, 1], ['link', 'device']],
    ])
  })

  it('stays within what is shown, and ends when the gap is still open', () => {
    const open = { ...line(), gaps: [{ fromMs: ms(-10), toMs: Infinity, cause: 'bad', text: words('bad') }] }
    expect(hatchesOf([open], ms(0), ms(60))).toMatchObject([{ fromMs: ms(0), toMs: ms(60) }])
    expect(hatchesOf([line(gap(70, 80))], ms(0), ms(60))).toEqual([])
  })
})

describe('marks from the journal', () => {
  const item = (id: number, second: number, event: string, data: Record<string, unknown> = {}): JournalItem => ({
    ...{ id: String(id), time: at(second), event, area: 'a', asset: 'xinhua', actor: null, text: words(event) },
    ...{ number: null, hash: null },
    data,
  })
  const high = { condition: 'level_high', priority: 2 }

  it('are spans from raised to cleared', () => {
    const { alarms } = marksOf([item(2, 30, 'condition_cleared', high), item(1, 10, 'condition_raised', high)], [])
    expect(alarms).toMatchObject([{ fromMs: ms(10), toMs: ms(30), priority: 2 }])
  })

  it('begin before the period when only the end is told, with the priority of the list if it is there', () => {
    const cleared = [item(2, 30, 'condition_cleared', { condition: 'level_high' })]
    expect(marksOf(cleared, []).alarms).toMatchObject([{ fromMs: -Infinity, toMs: ms(30), priority: null }])
    const listed = alarm({ active: false, state: 'RTNUN', priority: 1 })
    expect(marksOf(cleared, [listed]).alarms).toMatchObject([{ toMs: ms(30), priority: 1 }])
  })

  it('stand open while nothing ends them', () => {
    expect(marksOf([item(1, 10, 'condition_raised', high)], [alarm()]).alarms).toMatchObject([{ fromMs: ms(10), toMs: Infinity }])
    expect(marksOf([], [alarm({ raised_at: at(-500) })]).alarms).toMatchObject([{ fromMs: ms(-500), toMs: Infinity }])
    expect(marksOf([], [alarm({ active: false })]).alarms).toEqual([])
  })

  it('are the outcomes of commands, not their beginnings', () => {
    const told = ['command_sending', 'command_verified', 'command_refused', 'control_mode_changed'].map((event, index) => item(index, index, event))
    expect(marksOf(told, []).commands.map((each) => each.outcome)).toEqual(['verified', 'refused'])
  })

  it('are told of a moment', () => {
    const marks = marksOf([item(1, 10, 'condition_raised', high), item(2, 30, 'command_verified')], [])
    expect(marksAt(marks, ms(29), 2000)).toMatchObject({ alarms: [{}], commands: [{}] })
    expect(marksAt(marks, ms(5), 2000)).toEqual({ alarms: [], commands: [] })
  })

  it('lie in rows of their own while there are rows', () => {
    const span = (from: number, to: number) => ({ key: '', asset: '', priority: null, fromMs: from, toMs: to, text: words('') })
    expect(stacked([span(0, 10), span(5, 20), span(12, 15), span(13, 14)], 2).map((each) => each.row)).toEqual([0, 1, 0, 1])
  })
})

describe('what else a chart shows', () => {
  it('labels limits that points share once', () => {
    const limits = { ll: null, h: 3.2, hh: 3.8 }
    const found = limitsOf([{ scale: 'y0', colour: 'a', limits }, { scale: 'y0', colour: 'b', limits }, { scale: 'y1', colour: 'c', limits: { h: 1 } }])
    expect(found.map((group) => [group.colours, group.limits.map((each) => each.name)])).toEqual([[['a', 'b'], ['h', 'hh']], [['c'], ['h']]])
  })

  it('has a colour and a pattern of its own for each line', () => {
    expect(PENS).toHaveLength(SERIES_MAX)
    expect(new Set(PENS.map((pen) => pen.dash.join())).size).toBe(SERIES_MAX)
  })

  it('is a file as fine as the chart', () => {
    expect([0, 30_000, 60_000, 700_000, 3_600_000, 86_400_000].map(resolutionOf)).toEqual(['raw', 'raw', '1m', '10m', '1h', '1h'])
    expect(exportLink([{ asset: 'xinhua', point: 'level' }], ms(0), ms(60), 0, 'csv')).toBe(
      '/api/trends/export?series=xinhua%3Alevel&from=2026-07-29T10%3A00%3A00.000Z&to=2026-07-29T10%3A01%3A00.000Z&format=csv&resolution=raw',
    )
  })
})
