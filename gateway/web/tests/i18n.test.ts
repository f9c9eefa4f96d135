import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from '../src/i18n/en.json'
import zh from '../src/i18n/zh.json'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value)
    else for (const [name, text] of flat(value, `${prefix}${key}.`)) found.set(name, text)
  }
  return found
}

const [chinese, english] = [flat(zh), flat(en)]
const params = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort()

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(entry.name) ? [readFileSync(path, 'utf8')] : []
  })
}

describe('the words of the screens', () => {
  it('are there in both languages', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  })

  it('take the same parameters in both', () => {
    for (const [key, text] of chinese) expect([key, params(english.get(key) ?? '')]).toEqual([key, params(text)])
  })

  it('are there for every plain key that a screen names', () => {
    const named = sources('src').flatMap((text) => [...text.matchAll(/\bt\('([\w.]+)'/g)].map((match) => match[1]!))
    expect(named.filter((key) => !chinese.has(key))).toEqual([])
    expect(named.length).toBeGreaterThan(80)
  })
})
