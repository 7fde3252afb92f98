import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { ApiError, api, ok, session } from '@/api/client'
import type { Me } from '@/api/types'

const chosenWarehouse = 'backdock.warehouse'

/** Who is logged in, what they may see, and which warehouse they look at. */
export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>(null)
  const asked = ref(false)
  const wanted = ref(localStorage.getItem(chosenWarehouse) ?? '')

  const warehouses = computed(() => me.value?.warehouses ?? [])
  const warehouse = computed(() => warehouses.value.find((w) => w.code === wanted.value) ?? warehouses.value[0] ?? null)

  function take(m: Me | null) {
    me.value = m
    asked.value = true
    session.csrf = m?.csrf ?? ''
  }

  /** Asks once per page load who we are; a visitor without a session is an answer, not an error. */
  async function load(): Promise<Me | null> {
    if (asked.value) return me.value
    try {
      take(await ok(api.GET('/api/v1/auth/me')))
    } catch (err) {
      if (!(err instanceof ApiError) || err.status !== 401) throw err
      take(null)
    }
    return me.value
  }

  async function login(username: string, password: string) {
    take(await ok(api.POST('/api/v1/auth/login', { body: { username, password } })))
  }

  async function logout() {
    await ok(api.POST('/api/v1/auth/logout')).catch(() => undefined)
    take(null)
  }

  function choose(code: string) {
    wanted.value = code
    localStorage.setItem(chosenWarehouse, code)
  }

  /** Whether any grant has one of the roles; the server decides again for every request. */
  const may = (roles: readonly string[] | undefined) => !roles || (me.value?.grants ?? []).some((g) => g.role === 'admin' || roles.includes(g.role))

  /** Whether any grant is one of the roles: for acts, which an administrator does not have by being one. */
  const holds = (...roles: string[]) => (me.value?.grants ?? []).some((g) => roles.includes(g.role))

  return { me, asked, warehouses, warehouse, load, login, logout, choose, may, holds, take }
})
