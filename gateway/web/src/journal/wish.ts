/** What of a journal is looked for: kept in the address, so that a link shows the same to others. Pure. */
import type { LocationQuery, LocationQueryRaw } from 'vue-router'
import { momentIn } from '../format/time'

export interface Wish {
  q: string
  actor: string
  event: string
  asset: string
  area: string
  /** As people type it, in the city's zone: 2026-07-29T18:52. */
  from: string
  to: string
}

export const NAMES = ['q', 'actor', 'event', 'asset', 'area', 'from', 'to'] as const

export function wishOf(query: LocationQuery): Wish {
  const text = (name: string): string => {
    const value = query[name]
    return typeof value === 'string' ? value : ''
  }
  return Object.fromEntries(NAMES.map((name) => [name, text(name)])) as unknown as Wish
}

/** Without what is not asked for. */
export function addressOf(wish: Wish): LocationQueryRaw {
  return Object.fromEntries(NAMES.filter((name) => wish[name].trim()).map((name) => [name, wish[name].trim()]))
}

export const isEmpty = (wish: Wish): boolean => NAMES.every((name) => !wish[name].trim())

/** As the gateway is asked; a moment that is not one yet is left out. */
export function asked(wish: Wish, zone: string): Partial<Wish> {
  const plain = addressOf(wish) as Partial<Wish>
  for (const name of ['from', 'to'] as const) {
    if (plain[name] === undefined) continue
    const moment = momentIn(plain[name], zone)
    if (moment === null) delete plain[name]
    else plain[name] = moment
  }
  return plain
}

export interface Part {
  text: string
  hit: boolean
}

const LATIN = /[\p{Script=Latin}\p{N}]/u

/** The text in parts, those that somebody looked for marked; a Latin word is found by its beginning. */
export function parts(text: string, q: string): Part[] {
  const terms = [...new Set(q.toLowerCase().split(/\s+/).filter(Boolean))]
  const lower = text.toLowerCase()
  if (!terms.length || lower.length !== text.length) return [{ text, hit: false }]
  const hit = new Array<boolean>(text.length).fill(false)
  for (const term of terms) {
    for (let at = lower.indexOf(term); at >= 0; at = lower.indexOf(term, at + 1)) {
      if (LATIN.test(term[0]!) && at > 0 && LATIN.test(lower[at - 1]!)) continue
      hit.fill(true, at, at + term.length)
    }
  }
  const found: Part[] = []
  for (const [at, char] of text.split('').entries()) {
    const last = found.at(-1)
    if (last?.hit === hit[at]) last!.text += char
    else found.push({ text: char, hit: hit[at]! })
  }
  return found
}
