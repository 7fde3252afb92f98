import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { labelled } from './labels'
import { unresolved } from './verdict'
import type { BenchView, Device, Differences, FromAgent, Link, LocalScan, Notice, Printing, State, Weight } from './types'

const most = 30
const mostNotices = 10

/** What the agent last said. The page keeps nothing of its own: after a reload the agent says it all again. */
export const useStation = defineStore('station', () => {
  const connected = ref(false) // the page's socket to the agent
  const known = ref(false) // a state has arrived since the page was loaded
  const station = ref('')
  const version = ref('')
  const siteLang = ref('')
  const platesLeft = ref(-1)
  const link = shallowRef<Link | null>(null)
  const devices = shallowRef<Device[]>([])
  const view = shallowRef<BenchView | null>(null)
  const recent = shallowRef<LocalScan[]>([])
  const notices = shallowRef<Notice[]>([])
  const printing = shallowRef<Printing | null>(null)
  const weight = shallowRef<Weight | null>(null)
  const differences = shallowRef<Differences>({ all: 0, list: [] })

  const latest = computed(() => recent.value[0] ?? null)
  const parcel = computed(() => view.value?.parcel ?? null)
  const dock = computed(() => (view.value?.kind === 'dock' ? (view.value.dock ?? null) : null))
  const choices = computed(() => view.value?.choices ?? [])
  /** What happened without a scan since the last one: a clerk who hears the bad beep looks here. */
  const notice = computed(() => {
    const newest = notices.value[0]
    return newest && (!latest.value || Date.parse(newest.at) > Date.parse(latest.value.captured_at)) ? newest : null
  })
  const open = computed(() => unresolved(recent.value))
  const scanners = computed(() => devices.value.filter((d) => !d.kind))
  /** Pieces booked here lately, newest first, each plate once: those a label may be printed of again. */
  const booked = computed(() => labelled(recent.value))

  /** Applies one message. Returns the scan whose state is new, if any, so that the caller can play its tone. */
  function apply(m: FromAgent): LocalScan | null {
    switch (m.op) {
      case 'state':
        restate(m.state)
        return null
      case 'scan':
        return put(m.scan)
      case 'view':
        // Views are whole and numbered; a late one must not bring back an old screen.
        if (!view.value || m.view.version >= view.value.version) view.value = m.view
        return null
      case 'link':
        link.value = m.link
        return null
      case 'devices':
        devices.value = m.devices ?? []
        return null
      case 'notice':
        notices.value = [m.notice, ...notices.value].slice(0, mostNotices)
        return null
      case 'printing':
        printing.value = m.printing ?? null
        return null
      case 'weight':
        weight.value = m.weight ?? null
        return null
      case 'differences':
        differences.value = m.differences
        return null
      default:
        return null // a newer agent says more
    }
  }

  function restate(s: State) {
    known.value = true
    station.value = s.station
    version.value = s.version
    siteLang.value = s.lang
    platesLeft.value = s.plates_left
    link.value = s.link
    devices.value = s.devices
    view.value = s.view
    printing.value = s.printing ?? null
    weight.value = s.weight ?? null
    recent.value = s.recent.slice(0, most)
    notices.value = s.notices
    differences.value = s.differences
  }

  function put(scan: LocalScan): LocalScan | null {
    const list = [...recent.value]
    const at = list.findIndex((s) => s.seq === scan.seq && s.producer === scan.producer)
    if (at >= 0) {
      const news = list[at]!.outcome === null && scan.outcome !== null
      list[at] = scan
      recent.value = list
      return news ? scan : null
    }
    // A journal counts up; an older scan of the same journal goes to its place, not to the top.
    const place = list.findIndex((s) => s.producer !== scan.producer || s.seq < scan.seq)
    list.splice(place < 0 ? list.length : place, 0, scan)
    recent.value = list.slice(0, most)
    return scan
  }

  return { connected, known, station, version, siteLang, platesLeft, link, devices, view, recent, differences, latest, notice, parcel, dock, choices, open, scanners, booked, printing, weight, apply }
})
