/** The typed client of the gateway. What fails is thrown as a Failure that carries the gateway's own sentence. */
import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from './schema'
import type { ErrorBody } from './shapes'

export class Failure extends Error {
  constructor(
    readonly status: number,
    /** Null when the gateway could not be reached at all. */
    readonly body: ErrorBody | null,
  ) {
    super(body?.code ?? 'gateway_away')
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** The token that proves that the request comes from our own page. */
export function csrfToken(cookies: string): string {
  const found = cookies.split('; ').find((cookie) => cookie.startsWith('csrf_token='))
  return found ? decodeURIComponent(found.slice('csrf_token='.length)) : ''
}

const csrf: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set('X-CSRF-Token', csrfToken(document.cookie))
    return request
  },
}

export const client = createClient<paths>()
client.use(csrf)

let onSignedOut: () => void = () => undefined

/** What to do when the gateway says that nobody is signed in any more. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act
}

export interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The answer, or null when the gateway cannot be reached. */
export async function reach<T>(call: Promise<Answer<T>>): Promise<Answer<T> | null> {
  try {
    return await call
  } catch (error) {
    if (error instanceof TypeError) return null // fetch: the network, not the gateway
    throw error
  }
}

export function bodyOf(error: unknown): ErrorBody | null {
  const found = error as { error?: ErrorBody } | undefined
  return found?.error?.message ? found.error : null
}

/** What the gateway answered. Throws Failure. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  const answer = await reach(call)
  if (answer === null) throw new Failure(0, null)
  if (!answer.response.ok) {
    if (answer.response.status === 401) onSignedOut()
    throw new Failure(answer.response.status, bodyOf(answer.error))
  }
  return answer.data as T
}

/** A key that is new for each wish: the gateway carries the same key out once. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
