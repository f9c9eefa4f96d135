import { describe, expect, it } from 'vitest'
import { ask, bodyOf, csrfToken, Failure, newKey } from '../src/api/client'

const answer = (status: number, rest: object) => Promise.resolve({ response: new Response(null, { status }), ...rest })
const sentence = { code: 'forbidden', params: {}, message: { zh: '无权', en: 'Not allowed' } }

describe('the client', () => {
  it('finds the token among the cookies', () => {
    expect(csrfToken('a=1; csrf_token=x%2Fy; b=2')).toBe('x/y')
    expect(csrfToken('a=1')).toBe('')
  })

  it('throws the sentence of the gateway', async () => {
    const failure = await ask(answer(403, { error: { error: sentence } })).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Failure)
    expect((failure as Failure).body?.message.en).toBe('Not allowed')
  })

  it('knows a gateway that is away from one that refuses', async () => {
    const failure = await ask(Promise.reject(new TypeError('fetch failed'))).catch((error: unknown) => error)
    expect((failure as Failure).status).toBe(0)
  })

  it('lets our own mistakes through', async () => {
    await expect(ask(Promise.reject(new RangeError('ours')))).rejects.toThrow('ours')
  })

  it('takes no page of another kind for an error', () => {
    expect(bodyOf('<html>')).toBeNull()
    expect(bodyOf(undefined)).toBeNull()
  })

  it('makes a new key each time', () => {
    expect(newKey()).toMatch(/^[0-9a-f]{32}$/)
    expect(newKey()).not.toBe(newKey())
  })
})
