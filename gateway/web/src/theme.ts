/** Light by day, dark for a control room at night; kept in this browser. */
import { ref } from 'vue'

const KEY = 'urbanops.theme'

export type Theme = 'light' | 'dark'

export const theme = ref<Theme>(localStorage.getItem(KEY) === 'dark' ? 'dark' : 'light')

export function setTheme(wish: Theme): void {
  theme.value = wish
  localStorage.setItem(KEY, wish)
  apply()
}

export function apply(): void {
  document.documentElement.dataset.theme = theme.value
}
