/** The words of the screens. Chinese first; English has the same keys, a test keeps it so. */
import { createI18n } from 'vue-i18n'
import type { Language, Words } from '../api/shapes'
import en from './en.json'
import zh from './zh.json'

const KEY = 'urbanops.language'

function remembered(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh'
}

export const i18n = createI18n({
  legacy: false,
  locale: remembered(),
  fallbackLocale: false,
  messages: { zh, en },
})

export function language(): Language {
  return i18n.global.locale.value as Language
}

export function setLanguage(wish: Language): void {
  i18n.global.locale.value = wish
  localStorage.setItem(KEY, wish)
  document.documentElement.lang = wish === 'zh' ? 'zh-CN' : 'en'
}

/** The gateway's words in the language of the screen. */
export function say(words: Words): string {
  return words[language()]
}
