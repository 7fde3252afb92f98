import outcomesEn from '@/i18n/outcomes.en.json'
import outcomesZh from '@/i18n/outcomes.zh.json'
import stationEn from '@/i18n/station.en.json'
import stationZh from '@/i18n/station.zh.json'
import wordsEn from '@/i18n/words.en.json'
import wordsZh from '@/i18n/words.zh.json'

export const stationMessages = {
  zh: { ...stationZh, outcomes: outcomesZh, words: wordsZh },
  en: { ...stationEn, outcomes: outcomesEn, words: wordsEn },
}
