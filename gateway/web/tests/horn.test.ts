import { describe, expect, it } from 'vitest'
import { PATTERNS, patternDue, prune, silence } from '../src/alarms/horn'
import { alarm } from './fixtures'

const none = new Map()

describe('the horn', () => {
  it('sounds for unseen alarms of priority 1 and 2, the most urgent pattern first', () => {
    expect(patternDue([alarm({ priority: 3 })], none)).toBeNull()
    expect(patternDue([alarm({ priority: 2 })], none)?.pulses).toBe(3)
    expect(patternDue([alarm({ priority: 2 }), alarm({ id: 'b', priority: 1 })], none)?.pulses).toBe(5)
  })

  it('sounds until it is acknowledged, even when the condition is gone', () => {
    expect(patternDue([alarm({ state: 'RTNUN' })], none)).not.toBeNull()
    expect(patternDue([alarm({ state: 'ACKED' })], none)).toBeNull()
  })

  it('silenced: quiet until a new alarm comes', () => {
    const rows = [alarm()]
    const silenced = silence(rows)
    expect(patternDue(rows, silenced)).toBeNull()
    expect(patternDue([...rows, alarm({ id: 'b' })], silenced)?.priority).toBe(2)
  })

  it('silenced: a rise of its priority is heard', () => {
    const silenced = silence([alarm({ priority: 2 })])
    expect(patternDue([alarm({ priority: 1 })], silenced)?.priority).toBe(1)
  })

  it('silenced: its next occurrence is heard', () => {
    const silenced = silence([alarm({ occurrence: 1 })])
    expect(patternDue([alarm({ occurrence: 2 })], silenced)).not.toBeNull()
  })

  it('forgets a silence once its alarm was acknowledged', () => {
    const silenced = silence([alarm()])
    const after = prune([alarm({ state: 'ACKED' })], silenced)
    expect(patternDue([alarm()], after)).not.toBeNull()
  })

  it('keeps the tones more than 20 % apart and inside 500-3000 Hz', () => {
    const [high, medium] = [PATTERNS[1].frequencyHz, PATTERNS[2].frequencyHz]
    expect(high / medium).toBeGreaterThan(1.2)
    expect(medium).toBeGreaterThanOrEqual(500)
    expect(high).toBeLessThanOrEqual(3000)
  })
})
