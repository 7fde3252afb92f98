import { useI18n } from 'vue-i18n'
import { computed, onBeforeUnmount, ref } from 'vue'
import { age as ageOf } from './format'
import type { Lang } from './lang'

/** The page's words in the language of the moment. `say` gives '' for a missing key, `word` falls back to the code itself. */
export function useWords() {
  const { t, te, locale } = useI18n()
  const lang = computed(() => locale.value as Lang)
  const say = (key: string, params?: Record<string, unknown>) => (te(key) ? t(key, params ?? {}) : '')
  const word = (group: string, code: string) => (code === '' ? '' : say(`words.${group}.${code}`) || code)
  const age = (seconds: number) => {
    const [unit, params] = ageOf(seconds)
    return t(`words.age.${unit}`, params)
  }
  // What is wrong with a device. A printer's states have words of their own; an older agent says it in English only.
  const deviceTrouble = (d: { code?: string | undefined; about?: string | undefined; detail?: string | undefined }) => (d.code ? say(`words.device_code.${d.code}`, { about: d.about ?? '' }) : '') || (d.detail ?? '')
  return { t, say, word, age, deviceTrouble, lang, locale }
}

/** The time, ticking once a second. */
export function useNow() {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), 1000)
  onBeforeUnmount(() => clearInterval(timer))
  return now
}
