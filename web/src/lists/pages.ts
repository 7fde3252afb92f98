import { ref, shallowRef } from 'vue'

export interface Page<Item> {
  items: Item[]
  next: string
}

/** A list read page by page with a cursor. An answer that a newer question has overtaken is dropped. */
export function usePages<Item>(read: (cursor: string) => Promise<Page<Item>>, explain: (err: unknown) => string) {
  const items = shallowRef<Item[]>([])
  const next = ref('')
  const loading = ref(false)
  const failure = ref('')
  let asked = 0

  async function load(cursor = '') {
    const mine = ++asked
    loading.value = true
    failure.value = ''
    try {
      const page = await read(cursor)
      if (mine !== asked) return
      items.value = cursor === '' ? page.items : [...items.value, ...page.items]
      next.value = page.next
    } catch (err) {
      if (mine === asked) failure.value = explain(err)
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  return { items, next, loading, failure, load, more: () => load(next.value) }
}
