import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import type { IconName } from '@/components/icons'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    open?: boolean // needs no log-in
    roles?: readonly string[]
    nav?: { icon: IconName; title: string } // shown in the side navigation, in the order of the table
  }
}

/** One lazy route per screen. A new screen is a line here and a file in views. */
export const routes: RouteRecordRaw[] = [
  { path: '/login', name: 'login', component: () => import('@/views/Login.vue'), meta: { open: true } },
  {
    path: '/',
    component: () => import('@/views/Shell.vue'),
    children: [
      { path: 'board', name: 'board', component: () => import('@/views/Board.vue'), meta: { roles: ['manager', 'finance', 'service'], nav: { icon: 'chart', title: 'nav.board' } } },
      { path: 'dock', name: 'dock', component: () => import('@/views/Dock.vue'), meta: { roles: ['manager', 'dock', 'clerk', 'service'], nav: { icon: 'box', title: 'nav.dock' } } },
      { path: 'parcels', name: 'parcels', component: () => import('@/views/Parcels.vue'), meta: { roles: ['manager', 'dock', 'clerk', 'service', 'claims', 'merchant'], nav: { icon: 'list', title: 'nav.parcels' } } },
      { path: 'parcels/:number', name: 'parcel', component: () => import('@/views/Parcel.vue'), meta: { roles: ['manager', 'dock', 'clerk', 'service', 'claims', 'merchant'] } },
      { path: 'unclaimed/:number?', name: 'unclaimed', component: () => import('@/views/Unclaimed.vue'), meta: { roles: ['manager', 'clerk', 'service'], nav: { icon: 'search', title: 'nav.unclaimed' } } },
      { path: 'qc/:plate?', name: 'qc', component: () => import('@/views/Qc.vue'), meta: { roles: ['inspector', 'manager'], nav: { icon: 'flask', title: 'nav.qc' } } },
      { path: 'second-looks', name: 'looks', component: () => import('@/views/Looks.vue'), meta: { roles: ['inspector', 'manager'], nav: { icon: 'twice', title: 'nav.looks' } } },
      { path: 'stock', name: 'stock', component: () => import('@/views/Stock.vue'), meta: { roles: ['manager', 'inspector', 'putaway', 'clerk', 'service', 'claims', 'finance', 'merchant'], nav: { icon: 'box', title: 'nav.stock' } } },
      { path: 'refunds', name: 'refunds', component: () => import('@/views/Refunds.vue'), meta: { roles: ['finance', 'manager'], nav: { icon: 'yen', title: 'nav.refunds' } } },
      { path: 'work', name: 'work', component: () => import('@/views/Work.vue'), meta: { roles: ['manager'], nav: { icon: 'user', title: 'nav.work' } } },
      { path: 'stations', name: 'stations', component: () => import('@/views/Stations.vue'), meta: { roles: ['manager'], nav: { icon: 'station', title: 'nav.stations' } } },
      { path: '', name: 'home', component: () => import('@/views/NotFound.vue') },
      { path: ':rest(.*)*', name: 'lost', component: () => import('@/views/NotFound.vue') },
    ],
  },
]

/** The screens this person may open, for the side navigation and for the first page. */
export const screens = () => (routes[1]!.children ?? []).filter((r) => r.meta?.nav && useSession().may(r.meta.roles))

export function makeRouter() {
  const router = createRouter({ history: createWebHistory(), routes })
  router.beforeEach(async (to) => {
    if (to.meta.open) return true
    const session = useSession()
    if (!(await session.load())) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
    if (to.name === 'home') {
      const first = screens()[0]
      return first ? { name: first.name } : true
    }
    return session.may(to.meta.roles) ? true : { name: 'lost' }
  })
  return router
}
