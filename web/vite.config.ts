import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import i18n from '@intlify/unplugin-vue-i18n/vite'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const backend = process.env.BACKDOCK_URL ?? 'http://127.0.0.1:7099'

export default defineConfig({
  plugins: [
    vue(),
    // Messages are compiled at build time: a compiler in the page would need 'unsafe-eval' or weigh more.
    i18n({ include: [here('./src/i18n/*.json')], runtimeOnly: true, compositionOnly: true, fullInstall: false, dropMessageCompiler: true }),
    components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
  ],
  resolve: { alias: { '@': here('./src') } },
  build: {
    target: 'es2022',
    manifest: true, // read by dev/budget.mjs
    assetsInlineLimit: 0, // the content security policy allows no inline parts
    rollupOptions: { input: { index: here('./index.html'), station: here('./station.html') } },
  },
  server: {
    proxy: {
      '/api': backend,
      '/agent': { target: backend, ws: true },
      '/ws': { target: backend, ws: true },
      '/mock': backend,
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/unit/**/*.test.ts'],
    server: { deps: { inline: ['element-plus'] } },
  },
})
