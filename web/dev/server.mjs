export function makeServer() {
  return { reset() {}, control() {}, liveUp: () => false, live() {}, handle(_req, res, _url, json) { json(res, 404, { code: 'not_found', status: 404 }) } }
}
