import { onBeforeUnmount, onMounted, ref, watch } from 'vue'
import type { useStation } from '@/station/store'
import { Camera, type CameraState } from './camera'
import { Director } from './director'
import { Film } from './film'
import { Sender, type Permit } from './send'

/** Where the page has an agent, the agent puts its own token on. */
const throughAgent = async (): Promise<Permit | null> => ({ headers: {}, metadata: {} })

/** The station page's camera, from the scans to the server. */
export function useCamera(store: ReturnType<typeof useStation>, failed: () => void, permit: () => Promise<Permit | null> = throughAgent) {
  const state = ref<CameraState>('starting')
  const waiting = ref(0)
  const refused = ref(0)
  let camera: Camera | undefined
  let sender: Sender | undefined
  let film: Film | undefined
  let gone = false
  const hurry = () => sender?.hurry()

  onMounted(async () => {
    try {
      film = await Film.open()
    } catch {
      state.value = 'none' // without a place to keep pictures none are taken
      return
    }
    if (gone) return film.close()
    sender = new Sender(film, { waiting: (n, bad) => ((waiting.value = n), (refused.value = bad)), sent: () => camera?.relieved() }, permit)
    camera = new Camera(film, { state: (s) => (state.value = s), taken: hurry })
    const director = new Director(camera, failed)
    const see = () => director.see({ parcel: store.parcel, recent: store.recent, offsetMs: store.link?.offset_ms ?? 0 })
    await camera.open()
    watch(() => [store.recent, store.view, state.value], () => store.known && see(), { immediate: true })
    watch(() => store.link?.online, hurry, { immediate: true })
    window.addEventListener('online', hurry)
  })
  onBeforeUnmount(() => {
    gone = true
    window.removeEventListener('online', hurry)
    sender?.close()
    camera?.close()
  })
  return { state, waiting, refused, retry: () => void camera?.start() }
}
