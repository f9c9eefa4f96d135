/** Who sits here, and the site they look at. */
import { reactive } from 'vue'
import { ask, client } from './api/client'
import type { Language, Me, Site } from './api/shapes'
import { setLanguage } from './i18n'
import { setCityTime } from './live/clock'

type Verb = Me['scopes'][number]['verb']

interface Session {
  me: Me | null
  site: Site | null
  /** Why the sign-in page is shown again. */
  ended: boolean
}

export const session = reactive<Session>({ me: null, site: null, ended: false })

export async function signIn(username: string, password: string): Promise<void> {
  await enter(await ask(client.POST('/api/session', { body: { username, password } })))
}

/** Take up the session of an earlier visit. Throws Failure. */
export async function resume(): Promise<void> {
  await enter(await ask(client.GET('/api/me')))
}

async function enter(me: Me): Promise<void> {
  setLanguage(me.language)
  setCityTime(me.city_time, me.rate)
  session.site = (await ask(client.GET('/api/site'))) as Site // openapi-fetch widens pairs to arrays
  session.me = me
  session.ended = false
}

export async function signOut(): Promise<void> {
  await ask(client.DELETE('/api/session'))
  forget()
}

export function forget(): void {
  session.me = null
}

/** In the browser at once, and with the account for the next time. Throws Failure. */
export async function changeLanguage(language: Language): Promise<void> {
  setLanguage(language)
  const me = session.me
  if (!me) return
  me.language = language
  await ask(
    client.PATCH('/api/users/{username}', { params: { path: { username: me.username } }, body: { language } }),
  )
}

export function mayDo(verb: Verb, area?: string): boolean {
  return (session.me?.scopes ?? []).some((scope) => {
    if (scope.verb !== verb) return false
    return area === undefined || scope.area === '*' || area === scope.area || area.startsWith(`${scope.area}/`)
  })
}

/** The zone of the city's clocks and calendar. */
export function zone(): string {
  return session.site?.time_zone ?? 'UTC'
}

/** The name of an area; of what lies above the areas, the city's. */
export function areaName(id: string): { zh: string; en: string } {
  const site = session.site
  const found = site?.areas.find((area) => area.id === id)
  if (found) return found.name
  return site?.areas.some((area) => area.id.startsWith(`${id}/`)) ? site.title : { zh: id, en: id }
}
