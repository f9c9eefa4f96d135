import { describe, expect, it } from 'vitest'
import type { LogbookEntry } from '../src/api/shapes'
import { emptied, keep, load, wishOf } from '../src/logbook/draft'
import { byDay, correctionsOf, together } from '../src/logbook/entries'

const entry = (id: string, written_at: string, more: Partial<LogbookEntry> = {}): LogbookEntry => ({
  id,
  written_at,
  about: written_at,
  area: 'tangshan/lubei/xinhuadao',
  asset: null,
  username: 'wang',
  text: '交接班',
  corrects: null,
  ...more,
})
const first = entry('a', '2026-07-29T15:59:00Z')
const second = entry('b', '2026-07-29T16:01:00Z', { corrects: 'a', text: '泵房 unlocked' })
const none = { area: '', asset: '', q: '' }

function store(): Storage {
  const kept = new Map<string, string>()
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  } as unknown as Storage
}

describe('entries', () => {
  it('has what was heard once, the last written first', () => {
    expect(together([first], [second, first], none)).toEqual([second, first])
  })
  it('leaves out what is not looked for', () => {
    expect(together([], [first, second], { ...none, q: '泵房 Unlock' })).toEqual([second])
    expect(together([], [first], { ...none, area: 'tangshan/lubei' })).toEqual([first])
    expect(together([], [first], { ...none, area: 'tangshan/lunan' })).toEqual([])
    expect(together([], [first], { ...none, asset: 'xinhua' })).toEqual([])
  })
  it('begins a day at midnight of the city', () => {
    expect(byDay([second, first], 'Asia/Shanghai').map((each) => each.day)).toEqual(['2026-07-30', '2026-07-29'])
  })
  it('knows what corrects an entry', () => {
    expect(correctionsOf(first, [first, second])).toEqual([second])
  })
})

describe('draft', () => {
  it('is kept for the one who wrote it, until it is written', () => {
    const browser = store()
    const draft = { ...load(browser, 'wang'), text: '水位', area: 'tangshan' }
    keep(browser, 'wang', draft)
    expect(load(browser, 'wang').text).toBe('水位')
    expect(load(browser, 'li').text).toBe('')
    keep(browser, 'wang', emptied(draft))
    expect(load(browser, 'wang')).toEqual({ ...emptied(draft), area: '' })
  })
  it('has the same key as long as it says the same', () => {
    const draft = { ...load(store(), 'wang'), text: '水位' }
    expect(wishOf(draft, null)).toEqual({ text: '水位' })
    const { key } = draft
    wishOf(draft, null)
    expect(draft.key).toBe(key)
    wishOf({ ...draft, text: '水位高' }, null)
    const changed = { ...draft, text: '水位高' }
    wishOf(changed, null)
    expect(changed.key).not.toBe(key)
  })
})
