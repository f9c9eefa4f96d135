import { describe, expect, it } from 'vitest'
import { boxOfStack, place, placeName } from '../src/map/place'
import { fit, path } from '../src/map/project'
import { spread, type Tick } from '../src/station/ticks'
import { risePerMinute, runs } from '../src/station/trend'

const minute = 60_000
const samples = (...values: (number | null)[]) => values.map((value, index) => ({ atMs: index * 10_000, value }))

describe('a trend', () => {
  it('is broken where nothing was known', () => {
    expect(runs(samples(1, 2, null, null, 3)).map((run) => run.length)).toEqual([2, 1])
  })

  it('rises by what it rose a minute', () => {
    const rising = samples(...Array.from({ length: 13 }, (_, index) => 1 + index * 0.01))
    expect(risePerMinute(rising)).toBeCloseTo(0.06, 6)
  })

  it('says nothing of a rise that cannot be known', () => {
    expect(risePerMinute(samples(1, 2))).toBeNull()
    expect(risePerMinute(samples(1, 1, 1, 1, 1, null))).toBeNull()
    expect(risePerMinute([])).toBeNull()
  })

  it('does not look back for more than two minutes', () => {
    const old = Array.from({ length: 6 }, (_, index) => ({ atMs: index * minute, value: index < 3 ? 9 : 1 }))
    expect(risePerMinute(old)).toBeCloseTo(0, 6)
  })
})

describe('labels beside a scale', () => {
  it('never cover one another and stay inside', () => {
    const ticks: Tick[] = [0.6, 0.8, 0.9, 0.9, 1.6, 7].map((value) => ({ value, text: String(value), kind: 'limit' }))
    const placed = spread(ticks, (value) => 500 - value * 70, 15, 500)
    const heights = placed.map((tick) => tick.labelY)
    heights.slice(1).forEach((y, index) => expect(y - heights[index]!).toBeGreaterThanOrEqual(15 - 1e-9))
    expect(Math.max(...heights)).toBeLessThanOrEqual(500)
    expect(placed.map((tick) => tick.value)).toEqual([7, 1.6, 0.9, 0.9, 0.8, 0.6])
  })
})

describe('the map', () => {
  const square = [[[118, 39], [119, 39], [119, 40], [118, 40]]] as const

  it('keeps everything inside its margins, north up', () => {
    const project = fit(square, 800, 600, { side: 20, top: 10, bottom: 90 })
    const [left, bottom] = project([118, 39])
    const [right, top] = project([119, 40])
    expect(left).toBeGreaterThanOrEqual(20)
    expect(right).toBeLessThanOrEqual(780)
    expect(top).toBeCloseTo(10)
    expect(bottom).toBeCloseTo(510)
  })

  it('draws a closed outline', () => {
    expect(path([[0, 0], [1, 0]], ([x, y]) => [x, y], true)).toBe('M0.0 0.0L1.0 0.0Z')
  })

  it('stacks what is near and parts what would cover another', () => {
    const frame = { width: 800, height: 600 }
    const things = [
      { id: 'station', at: [400, 300] as const, width: 160, narrowWidth: 100 },
      { id: 'underpass', at: [402, 303] as const, width: 140, narrowWidth: 100 },
      { id: 'gauge', at: [480, 305] as const, width: 120, narrowWidth: 100 },
    ]
    const placed = place(things, frame)
    expect(placed.map((stack) => stack.ids)).toEqual([['station', 'underpass'], ['gauge']])
    const [first, second] = placed.map(boxOfStack)
    const apart = first!.right <= second!.left || second!.right <= first!.left || first!.bottom <= second!.top || second!.bottom <= first!.top
    expect(apart).toBe(true)
  })

  it('moves the name of an area out of the way', () => {
    const taken = [{ left: 80, right: 220, top: 90, bottom: 110 }]
    expect(placeName([150, 100], 100, 17, taken)).not.toEqual([150, 100])
    expect(placeName([150, 100], 100, 17, [])).toEqual([150, 100])
  })
})
