import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { ApiError, api, ok } from '@/api/client'
import type { InspectionRequest, UnitDetail, UnitRow } from '@/api/types'
import { blank, type Draft } from './decision'

/** The inspector's queue and the unit on the bench. */
export const useQc = defineStore('qc', () => {
  const rows = shallowRef<UnitRow[]>([])
  const next = ref('')
  const loading = ref(false)
  const unit = shallowRef<UnitDetail | null>(null)
  const draft = ref<Draft>(blank())
  let asked = 0

  /** Loads the queue afresh; an answer that a newer question has overtaken is dropped. */
  async function loadQueue(warehouse: string, q: string) {
    const mine = ++asked
    loading.value = true
    try {
      const page = await ok(api.GET('/api/v1/units', { params: { query: { state: 'quarantine', warehouse, limit: 100, ...(q ? { q } : {}) } } }))
      if (mine !== asked) return
      rows.value = page.items
      next.value = page.next
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  async function loadMore(warehouse: string, q: string) {
    const mine = asked
    const page = await ok(api.GET('/api/v1/units', { params: { query: { state: 'quarantine', warehouse, limit: 100, cursor: next.value, ...(q ? { q } : {}) } } }))
    if (mine !== asked) return
    const seen = new Set(rows.value.map((r) => r.plate))
    rows.value = [...rows.value, ...page.items.filter((r) => !seen.has(r.plate))]
    next.value = page.next
  }

  async function open(plate: string) {
    const fresh = await ok(api.GET('/api/v1/units/{plate}', { params: { path: { plate } } }))
    if (unit.value?.plate !== fresh.plate) draft.value = blank()
    unit.value = fresh
  }

  /** Reloads the unit on the bench after somebody changed it; what was filled in stays. */
  async function refresh() {
    if (unit.value) unit.value = await ok(api.GET('/api/v1/units/{plate}', { params: { path: { plate: unit.value.plate } } }))
  }

  async function decide(tote: string) {
    const u = unit.value!
    const d = draft.value
    if (d.grade === '' || d.disposition === '') throw new Error('nothing is decided yet') // `missing` asks for it first
    const body: InspectionRequest = { grade: d.grade, disposition: d.disposition, checks: d.checks, note: d.note.trim(), version: u.version }
    if (d.override.trim() !== '') body.override_reason = d.override.trim()
    if (tote !== '') body.tote = tote
    await settle(ok(api.POST('/api/v1/units/{plate}/inspection', { params: { path: { plate: u.plate } }, body })))
    rows.value = rows.value.filter((r) => r.plate !== u.plate)
  }

  async function undo(reason: string) {
    const u = unit.value!
    await settle(ok(api.POST('/api/v1/units/{plate}/inspection/undo', { params: { path: { plate: u.plate } }, body: { reason, version: u.version } })))
  }

  /** A conflict loads the newest state before it is reported, so that the next try is about what is really there. */
  async function settle(call: Promise<UnitDetail>) {
    try {
      unit.value = await call
      draft.value = blank()
    } catch (err) {
      if (err instanceof ApiError && err.status === 409) await refresh().catch(() => undefined)
      if (err instanceof ApiError && err.code === 'self_release') draft.value = { ...draft.value, askOverride: true }
      throw err
    }
  }

  /** Shows a piece as an act has left it. */
  function take(fresh: UnitDetail) {
    unit.value = fresh
    draft.value = blank()
  }

  function close() {
    unit.value = null
    draft.value = blank()
  }

  return { rows, next, loading, unit, draft, loadQueue, loadMore, open, refresh, decide, undo, take, close }
})
