import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, makeClient, ok, randomKey, session } from '@/api/client'

const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' } })

function client(respond: (r: Request) => Response | Promise<Response>) {
  const requests: Request[] = []
  const made = makeClient({
    baseUrl: 'http://backdock.test',
    fetch: (async (r: Request) => {
      requests.push(r)
      return respond(r)
    }) as typeof fetch,
  })
  return { api: made, requests }
}

afterEach(() => {
  session.csrf = ''
  session.expired = () => {}
})

describe('the API client', () => {
  it('sends the CSRF token and a fresh idempotency key with writes, and neither with reads', async () => {
    session.csrf = 'token'
    const { api, requests } = client(() => answer(200, {}))
    await ok(api.POST('/api/v1/units/{plate}/inspection/undo', { params: { path: { plate: 'U1' } }, body: { reason: 'r', version: 1 } }))
    await ok(api.POST('/api/v1/auth/logout'))
    await ok(api.GET('/api/v1/units', { params: { query: { warehouse: 'HZ1' } } }))
    const [undo, logout, list] = requests
    expect(undo!.url).toBe('http://backdock.test/api/v1/units/U1/inspection/undo')
    expect(undo!.headers.get('X-CSRF-Token')).toBe('token')
    expect(undo!.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/)
    expect(logout!.headers.get('Idempotency-Key')).not.toBe(undo!.headers.get('Idempotency-Key'))
    expect([list!.headers.get('X-CSRF-Token'), list!.headers.get('Idempotency-Key')]).toEqual([null, null])
    expect(list!.url).toContain('warehouse=HZ1')
  })

  it('turns a problem into its stable code', async () => {
    const { api } = client(() => answer(409, { title: 'Conflict', status: 409, code: 'version_conflict', params: { by: '王芳' } }))
    const err = await ok(api.GET('/api/v1/auth/me')).catch((e: unknown) => e)
    expect(err).toBeInstanceOf(ApiError)
    expect(err).toMatchObject({ status: 409, code: 'version_conflict', problem: { params: { by: '王芳' } } })
  })

  it('has a code even for an answer without one, and for no answer at all', async () => {
    await expect(ok(client(() => new Response('bad gateway', { status: 502 })).api.GET('/api/v1/auth/me'))).rejects.toMatchObject({ status: 502, code: 'http_502' })
    await expect(ok(client(() => Promise.reject(new TypeError('down'))).api.GET('/api/v1/auth/me'))).rejects.toMatchObject({ status: 0, code: 'network' })
  })

  it('says that the session ended, but not for a wrong password', async () => {
    const ended = vi.fn()
    session.expired = ended
    await ok(client(() => answer(401, { code: 'login_failed' })).api.POST('/api/v1/auth/login', { body: { username: 'a', password: 'b' } })).catch(() => undefined)
    expect(ended).not.toHaveBeenCalled()
    await ok(client(() => answer(401, { code: 'unauthorized' })).api.GET('/api/v1/stations')).catch(() => undefined)
    expect(ended).toHaveBeenCalledOnce()
  })

  it('makes keys without crypto.randomUUID, which plain http lacks', () => {
    expect(randomKey()).toMatch(/^[0-9a-f]{32}$/)
    expect(randomKey()).not.toBe(randomKey())
  })
})
