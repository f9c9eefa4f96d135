import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Source, watchStream } from '../src/live/watch'

class FakeSource implements Source {
  onerror: ((event: never) => unknown) | null = null
  closed = false
  private hears = new Map<string, (event: { data: string }) => void>()

  addEventListener(kind: string, hear: (event: { data: string }) => void): void {
    this.hears.set(kind, hear)
  }

  close(): void {
    this.closed = true
  }

  send(kind: string, data: unknown = {}): void {
    this.hears.get(kind)?.({ data: JSON.stringify(data) })
  }

  breakOff(): void {
    this.onerror?.(undefined as never)
  }
}

describe('watching the stream', () => {
  let sources: FakeSource[]
  let silences: (number | null)[]
  let broken: number
  let stop: () => void
  const last = (): FakeSource => sources.at(-1)!

  beforeEach(() => {
    vi.useFakeTimers()
    sources = []
    silences = []
    broken = 0
    const watch = watchStream(
      ['snapshot', 'ping'],
      () => {
        sources.push(new FakeSource())
        return last()
      },
      { onMessage: () => undefined, onSilence: (since) => silences.push(since), onBroken: () => (broken += 1) },
      () => Date.now(),
    )
    stop = watch.stop
  })

  afterEach(() => {
    stop()
    vi.useRealTimers()
  })

  it('is live while pings come', () => {
    for (let ping = 0; ping < 10; ping += 1) {
      vi.advanceTimersByTime(3000)
      last().send('ping')
    }
    expect(silences).toEqual([])
    expect(sources).toHaveLength(1)
  })

  it('is stale within ten seconds of the last message, and says since when', () => {
    const began = Date.now()
    last().send('snapshot')
    vi.advanceTimersByTime(8000)
    expect(silences).toEqual([])
    vi.advanceTimersByTime(1500)
    expect(silences).toEqual([began])
  })

  it('opens a new stream when the open one says nothing', () => {
    vi.advanceTimersByTime(12_000)
    expect(sources.length).toBeGreaterThan(1)
    expect(sources[0]!.closed).toBe(true)
  })

  it('is live again with a snapshot, not with less', () => {
    vi.advanceTimersByTime(12_000)
    last().send('ping')
    expect(silences).toHaveLength(1)
    last().send('snapshot')
    expect(silences.at(-1)).toBeNull()
  })

  it('tries again after a break, at most every five seconds, for as long as it takes', () => {
    last().breakOff()
    expect(broken).toBe(1)
    vi.advanceTimersByTime(1500)
    expect(sources).toHaveLength(2)
    for (let minute = 0; minute < 60; minute += 1) {
      vi.advanceTimersByTime(1000)
      if (!last().closed) last().breakOff()
    }
    expect(sources.length).toBeGreaterThan(10)
    vi.advanceTimersByTime(6000)
    last().send('snapshot')
    expect(silences.at(-1)).toBeNull()
  })

  it('does not hear a stream it has given up', () => {
    const first = last()
    vi.advanceTimersByTime(12_000)
    first.send('snapshot')
    expect(silences).toHaveLength(1)
  })

  it('stops for good', () => {
    stop()
    vi.advanceTimersByTime(60_000)
    expect(sources).toHaveLength(1)
    expect(last().closed).toBe(true)
  })
})
