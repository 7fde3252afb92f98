import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { session } from '@/api/client'
import { makeI18n, startLang } from '@/i18n/lang'
import { appMessages } from '@/i18n/app'
import { makeRouter } from '@/router'
import { useSession } from '@/stores/session'
import App from '@/views/App.vue'
import '@/styles/base.css'
import '@/styles/app.css'

const app = createApp(App).use(createPinia()).use(makeI18n(appMessages, startLang()))
const router = makeRouter()
session.expired = () => {
  useSession().take(null)
  const here = router.currentRoute.value
  if (!here.meta.open) void router.push({ name: 'login', query: { next: here.fullPath, expired: '1' } })
}
app.use(router).mount('#app')
