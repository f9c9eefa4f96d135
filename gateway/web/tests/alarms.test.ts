import { describe, expect, it } from 'vitest'
import { actOf, type Pressed, step } from '../src/alarms/keys'
import { byUrgency, countUnseen, listAlarms, noFilter } from '../src/alarms/order'
import { alarm } from './fixtures'

const pressed = (key: string, held: Partial<Pressed> = {}): Pressed => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...held,
})

describe('the order of alarms', () => {
  it('unseen first, then by priority, then the newest', () => {
    const rows = [
      alarm({ id: 'seen', state: 'ACKED', priority: 1 }),
      alarm({ id: 'low', priority: 3 }),
      alarm({ id: 'old', priority: 2, raised_at: '2026-07-29T09:00:00Z' }),
      alarm({ id: 'new', priority: 2, raised_at: '2026-07-29T11:00:00Z' }),
      alarm({ id: 'gone', state: 'RTNUN', priority: 1 }),
    ]
    expect(rows.sort(byUrgency).map((each) => each.id)).toEqual(['gone', 'new', 'old', 'low', 'seen'])
  })

  it('shows what is hidden only when asked', () => {
    const rows = [alarm({ id: 'a' }), alarm({ id: 'b', state: 'SHLVD' })]
    expect(listAlarms(rows, noFilter()).map((each) => each.id)).toEqual(['a'])
    expect(listAlarms(rows, { ...noFilter(), hidden: true }).map((each) => each.id)).toEqual(['b'])
  })

  it.each([
    [{ area: 'tangshan/lubei' }, ['a']],
    [{ area: 'tangshan/lub' }, []],
    [{ priorities: [1 as const] }, ['b']],
    [{ unseenOnly: true }, ['a']],
    [{ text: '新华' }, ['a']],
    [{ text: 'XINHUA road' }, ['a']],
  ])('filters by %j', (change, expected) => {
    const rows = [
      alarm({ id: 'a' }),
      alarm({
        id: 'b',
        area: 'tangshan/lunan/nanhu',
        priority: 1,
        state: 'ACKED',
        asset: 'nanhu',
        asset_name: { zh: '南湖', en: 'Nanhu' },
      }),
    ]
    expect(listAlarms(rows, { ...noFilter(), ...change }).map((each) => each.id)).toEqual(expected)
  })

  it('counts the unseen by priority', () => {
    const rows = [alarm(), alarm({ state: 'ACKED' }), alarm({ priority: 1, state: 'LUNAK' })]
    expect(countUnseen(rows)).toEqual({ 1: 1, 2: 1, 3: 0, 4: 0 })
  })
})

describe('keys', () => {
  it.each([
    ['a', {}, 'acknowledge'],
    ['A', {}, 'acknowledge'],
    ['A', { shiftKey: true }, 'acknowledgeAll'],
    ['j', {}, 'down'],
    ['ArrowUp', {}, 'up'],
    ['Enter', {}, 'open'],
    ['/', {}, 'search'],
    ['a', { ctrlKey: true }, null],
    ['x', {}, null],
  ] as const)('%s with %j is %s', (key, held, act) => {
    expect(actOf(pressed(key, held))).toBe(act)
  })

  it.each([
    [null, 1, 'a'],
    [null, -1, 'c'],
    ['a', 1, 'b'],
    ['c', 1, 'c'],
    ['a', -1, 'a'],
  ])('the mark on %s moves by %i to %s', (marked, by, after) => {
    expect(step(['a', 'b', 'c'], marked, by)).toBe(after)
  })

  it('stays at its height when its alarm has left the list', () => {
    expect(step(['a', 'c'], 'b', 0, 1)).toBe('c')
    expect(step(['a'], 'b', 0, 1)).toBe('a')
    expect(step([], 'b', 0, 1)).toBeNull()
  })
})
