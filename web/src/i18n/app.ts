import appEn from './app.en.json'
import appZh from './app.zh.json'
import errorsEn from './errors.en.json'
import errorsZh from './errors.zh.json'
import wordsEn from './words.en.json'
import wordsZh from './words.zh.json'

export const appMessages = {
  zh: { ...appZh, error: errorsZh, words: wordsZh },
  en: { ...appEn, error: errorsEn, words: wordsEn },
}
