import { describe, expect, it } from 'vitest'
import type { Health } from '../src/api/shapes'
import { unheard } from '../src/live/unheard'

type Service = Health['services'][number]

const text = { zh: '数据库不可用', en: 'away' }
function service(name: string, state: Service['state'] = 'running', code = 'database_available'): Service {
  const ok = code === 'database_available'
  return {
    service: name,
    instance: `${name}-1`,
    state,
    restarts: 0,
    since: null,
    checks: { database: { ok, code, params: {}, text } },
  }
}

describe('what may not be announced', () => {
  it('is nothing while all is well', () => {
    expect(unheard([service('flood'), service('alarms')])).toEqual([])
  })

  it('is told of whoever cannot keep what it has to say', () => {
    const found = unheard([service('flood', 'running', 'database_away'), service('alarms', 'running', 'disk_full')])
    expect(found.map(({ service: each, check }) => [each.service, check?.code])).toEqual([
      ['flood', 'database_away'],
      ['alarms', 'disk_full'],
    ])
  })

  it('is told of who has stopped, unless another one does its work', () => {
    expect(unheard([service('flood', 'stopped')]).map(({ check }) => check)).toEqual([null])
    const standby = { ...service('flood'), instance: 'flood-2' }
    expect(unheard([service('flood', 'stopped'), standby])).toEqual([])
  })

  it('is not told of those who announce nothing, nor of what only makes slow', () => {
    const others = [service('history', 'stopped'), service('gateway', 'running', 'database_away')]
    expect(unheard([...others, service('alarms', 'running', 'database_slow')])).toEqual([])
  })
})
