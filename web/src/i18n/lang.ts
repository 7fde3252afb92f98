import { createI18n, type I18n } from 'vue-i18n'

export type Lang = 'zh' | 'en'
const chosen = 'backdock.lang'

/** The language to start with: what this person chose here, else the site's, else Chinese. The browser's own language says nothing about the clerk. */
export function startLang(site?: string): Lang {
  const saved = localStorage.getItem(chosen)
  if (saved === 'zh' || saved === 'en') return saved
  return site === 'en' ? 'en' : 'zh'
}

export function hasChosen(): boolean {
  return localStorage.getItem(chosen) !== null
}

export function remember(lang: Lang): void {
  localStorage.setItem(chosen, lang)
}

export function paint(lang: Lang): void {
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en'
}

type Messages = Record<string, unknown>

export function makeI18n(messages: { zh: Messages; en: Messages }, lang: Lang): I18n<Messages, Messages, Messages, string, false> {
  paint(lang)
  return createI18n({ legacy: false, locale: lang, fallbackLocale: 'zh', missingWarn: false, fallbackWarn: false, messages: messages as never }) as I18n<Messages, Messages, Messages, string, false>
}
