import { ApiError } from '@/api/client'
import { useWords } from './use'

/** A sentence for whatever went wrong: the server's stable code in words, or the code itself. */
export function useErrors() {
  const { t, say } = useWords()
  return (err: unknown): string => {
    if (!(err instanceof ApiError)) return t('error.fallback', { code: err instanceof Error ? err.message : String(err) })
    return say(`error.${err.code}`, err.problem.params) || say(`words.why.${err.code}`) || t('error.fallback', { code: err.code })
  }
}
