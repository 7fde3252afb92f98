import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { makeI18n, startLang } from '@/i18n/lang'
import '@/styles/base.css'
import './station.css'
import App from './App.vue'
import { stationMessages } from './messages'

createApp(App).use(createPinia()).use(makeI18n(stationMessages, startLang())).mount('#app')
