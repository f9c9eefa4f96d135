import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: { target: 'es2022', modulePreload: { polyfill: false } },
  // `npm run dev` beside a running city: GATEWAY=http://127.0.0.1:8080 npm run dev
  server: { proxy: { '/api': process.env.GATEWAY ?? 'http://127.0.0.1:8080' } },
})
