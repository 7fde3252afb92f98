import appEn from './app.en.json'
import appZh from './app.zh.json'
import wordsEn from './words.en.json'
import wordsZh from './words.zh.json'

export const appMessages = {
  zh: { ...appZh, words: wordsZh },
  en: { ...appEn, words: wordsEn },
}
