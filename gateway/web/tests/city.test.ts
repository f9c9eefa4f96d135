import { describe, expect, it } from 'vitest'
import { emptyCity, fold, readingKey } from '../src/live/city'
import { alarm, row, snapshot } from './fixtures'

describe('the live city', () => {
  it('begins again with each snapshot: what is not in it is no more', () => {
    const city = emptyCity()
    fold(city, { kind: 'alarm', data: alarm() }, 0)
    fold(city, { kind: 'snapshot', data: snapshot() }, 0)
    expect([...city.alarms.keys()]).toEqual([])
    expect([...city.assets.keys()]).toEqual(['xinhua'])
  })

  it('drops an alarm that is normal again', () => {
    const city = emptyCity()
    fold(city, { kind: 'alarm', data: alarm() }, 0)
    fold(city, { kind: 'alarm', data: alarm({ state: 'NORM', seq: 2 }) }, 0)
    expect(city.alarms.size).toBe(0)
  })

  it('leaves out what comes late', () => {
    const city = emptyCity()
    fold(city, { kind: 'alarm', data: alarm({ seq: 5, state: 'ACKED' }) }, 0)
    fold(city, { kind: 'alarm', data: alarm({ seq: 4 }) }, 0)
    expect(city.alarms.get('xinhua~level_high')?.state).toBe('ACKED')
  })

  it('notes when a reading was heard', () => {
    const city = emptyCity()
    const reading = { asset: 'xinhua', point: 'level', value: 1.5, quality: 'good', taken_at: null, changed_at: null }
    fold(city, { kind: 'readings', data: [reading] }, 1234)
    expect(city.readings.get(readingKey('xinhua', 'level'))).toEqual({ ...reading, heardMs: 1234 })
  })

  it('changes an asset it knows and no other', () => {
    const city = emptyCity()
    fold(city, { kind: 'snapshot', data: snapshot() }, 0)
    fold(city, { kind: 'asset', data: { id: 'xinhua', worst_alarm: null, quality: 'bad' } }, 0)
    fold(city, { kind: 'asset', data: { id: 'nowhere', worst_alarm: null, quality: 'bad' } }, 0)
    expect([...city.assets.values()].map((asset) => asset.quality)).toEqual(['bad'])
  })

  it.each([
    ['requested', 'sending', 'sending'],
    ['sending', 'requested', 'sending'],
    ['verified', 'sending', 'verified'],
    ['sending', 'refused', 'refused'],
  ] as const)('a command that was %s and hears %s is %s', (before, heard, after) => {
    const city = emptyCity()
    fold(city, { kind: 'command', data: row({ state: before }) }, 0)
    fold(city, { kind: 'command', data: row({ state: heard }) }, 0)
    expect(city.ledger.get('c1')?.state).toBe(after)
  })

  it('keeps a bounded number of commands, the newest', () => {
    const city = emptyCity()
    for (let number = 0; number < 600; number += 1) fold(city, { kind: 'command', data: row({ id: `c${number}` }) }, 0)
    expect(city.ledger.size).toBe(500)
    expect(city.ledger.has('c599')).toBe(true)
  })
})
