import { describe, expect, it } from 'vitest'
import { momentIn } from '../src/format/time'
import { addressOf, asked, isEmpty, parts, wishOf } from '../src/journal/wish'

const hits = (text: string, q: string): string[] =>
  parts(text, q)
    .filter((part) => part.hit)
    .map((part) => part.text)

describe('what is looked for in a journal', () => {
  it('comes out of the address and goes back', () => {
    const wish = wishOf({ q: '泵站 wang', area: 'tangshan/lubei', limit: '7', actor: ['a', 'b'] })
    expect(addressOf(wish)).toEqual({ q: '泵站 wang', area: 'tangshan/lubei' })
    expect(isEmpty(wishOf({}))).toBe(true)
    expect(isEmpty(wish)).toBe(false)
  })

  it('is asked with moments of the city', () => {
    const wish = wishOf({ q: ' 泵 ', from: '2026-07-29T18:52', to: 'soon' })
    expect(asked(wish, 'Asia/Shanghai')).toEqual({ q: '泵', from: '2026-07-29T10:52:00.000Z' })
  })

  it('is a moment also where clocks are put forward', () => {
    expect(momentIn('2026-03-29T01:30', 'Europe/Berlin')).toBe('2026-03-29T00:30:00.000Z')
    expect(momentIn('2026-03-29T03:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z')
    expect(momentIn('2026-13-01T00:00', 'UTC')).toBeNull()
  })
})

describe('hits', () => {
  it.each([
    ['新华道泵站：2号泵', '泵', ['泵', '泵']],
    ['新华道泵站：2号泵', '泵站 2号', ['泵站', '2号']],
    ['Pump started, pumps', 'PUMP', ['Pump', 'pump']],
    ['the umpire', 'ump', ['ump']],
    ['a pump', 'ump', []],
    ['2号泵', '号', ['号']],
    ['nothing', '', []],
  ])('in %s for %s', (text, q, expected) => {
    expect(hits(text, q)).toEqual(expected)
    expect(
      parts(text, q)
        .map((part) => part.text)
        .join(''),
    ).toBe(text)
  })
})
