import { createRouter, createWebHistory } from 'vue-router'
import { Failure } from './api/client'
import { startLive } from './live/store'
import OverviewPage from './pages/OverviewPage.vue'
import SignInPage from './pages/SignInPage.vue'
import { forget, mayDo, resume, session } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    /** Seen without being signed in. */
    open?: boolean
    /** Shows the most urgent alarm at its top, for it has no list of its own. */
    banner?: boolean
    /** For administrators. */
    admin?: boolean
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/sign-in', component: SignInPage, meta: { open: true } },
    { path: '/', component: OverviewPage },
    { path: '/alarms', component: () => import('./pages/AlarmsPage.vue') },
    { path: '/station/:asset', component: () => import('./pages/StationPage.vue'), props: true, meta: { banner: true } },
    {
      path: '/loop-test/:controller',
      component: () => import('./pages/LoopTestPage.vue'),
      props: true,
      meta: { banner: true },
    },
    { path: '/trends', component: () => import('./pages/TrendsPage.vue'), meta: { banner: true } },
    { path: '/journal', component: () => import('./pages/JournalPage.vue'), meta: { banner: true } },
    { path: '/logbook', component: () => import('./pages/LogbookPage.vue'), meta: { banner: true } },
    { path: '/report', component: () => import('./pages/ReportPage.vue'), meta: { banner: true } },
    { path: '/completeness', component: () => import('./pages/CompletenessPage.vue'), meta: { banner: true } },
    { path: '/account', component: () => import('./pages/AccountPage.vue'), meta: { banner: true } },
    { path: '/users', component: () => import('./pages/UsersPage.vue'), meta: { banner: true, admin: true } },
    { path: '/audit', component: () => import('./pages/AuditPage.vue'), meta: { banner: true, admin: true } },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})

/** The session is over: back to the sign-in page, which says so. */
export function onSignedOut(): void {
  if (!session.me) return
  session.ended = true
  forget()
  void router.push('/sign-in')
}

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  if (!session.me) {
    try {
      await resume()
    } catch (error) {
      if (error instanceof Failure) return { path: '/sign-in', query: to.path === '/' ? {} : { next: to.fullPath } }
      throw error
    }
  }
  startLive(onSignedOut)
  return to.meta.admin && !mayDo('administer') ? '/' : true
})
