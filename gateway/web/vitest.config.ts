import { defineConfig } from 'vitest/config'

// What is tested here is plain TypeScript: stores, orders, machines. The screens are tested in a real browser.
export default defineConfig({ test: { include: ['tests/**/*.test.ts'], environment: 'node' } })
