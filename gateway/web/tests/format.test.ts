import { describe, expect, it } from 'vitest'
import { age, dateTime, duration, shortTime, timeOfDay } from '../src/format/time'
import { numberText, unitText, valueText } from '../src/format/value'
import { cityMsAt } from '../src/live/clock'

const ZONE = 'Asia/Shanghai'

describe('times', () => {
  it('are those of the site, whatever the browser thinks', () => {
    expect(dateTime('2026-07-29T16:30:07Z', ZONE)).toBe('2026-07-30 00:30:07')
    expect(timeOfDay('2026-07-29T10:52:07Z', ZONE)).toBe('18:52:07')
  })

  it('carry the day only when it is another one', () => {
    const now = Date.parse('2026-07-29T16:30:00Z')
    expect(shortTime('2026-07-29T16:01:00Z', ZONE, now)).toBe('00:01:00')
    expect(shortTime('2026-07-29T15:59:00Z', ZONE, now)).toBe('07-29 23:59:00')
  })

  it.each([
    [0, '0:00'],
    [48.9, '0:48'],
    [725, '12:05'],
    [10_931, '3:02:11'],
    [184_200, '2 天 03:10'],
  ])('%d s read %s', (seconds, text) => {
    expect(duration(seconds, 'zh')).toBe(text)
  })

  it('an age is counted in city time and is never negative', () => {
    const now = Date.parse('2026-07-29T10:00:48Z')
    expect(age('2026-07-29T10:00:00Z', now, 'en')).toBe('0:48')
    expect(age('2026-07-29T10:01:00Z', now, 'en')).toBe('0:00')
    expect(age(null, now, 'en')).toBe('–')
  })

  it('city time runs at its rate between two messages', () => {
    expect(cityMsAt({ cityMs: 1_000_000, wallMs: 500, rate: 10 }, 1500)).toBe(1_010_000)
  })
})

describe('values', () => {
  it.each([
    [3.456, 'm', '3.46'],
    [286.4, 'A', '286'],
    [7, '', '7'],
    [0.30000000000000004, 'x', '0.30'],
  ])('%d %s reads %s', (value, unit, text) => {
    expect(numberText(value, unit)).toBe(text)
  })

  it('a label stands for its number or contact', () => {
    const labels = { '0': { zh: '停', en: 'stopped' }, '1': { zh: '运行', en: 'running' } }
    expect(valueText(true, '', labels, 'zh')).toBe('运行')
    expect(valueText(0, '', labels, 'en')).toBe('stopped')
    expect(valueText(null, '', labels, 'en')).toBe('?')
  })

  it('units are written for people', () => {
    expect(unitText('m3/s')).toBe('m³/s')
    expect(unitText('Cel')).toBe('°C')
  })
})
