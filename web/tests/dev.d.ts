declare module '*/dev/samples.mjs' {
  export function board(seq: number): unknown
  export function plateOf(n: number): string
  export function parkedScan(): { producer: string; seq: number }
}
declare module '*/dev/contract.mjs' {
  export function operation(method: string, path: string): { path: string; method: string; id: string } | null
  export function checkRequest(method: string, path: string, query: URLSearchParams, body: unknown): string[]
  export function checkAnswer(method: string, path: string, status: number, body: unknown): string[]
  export function checkFrame(socket: 'live' | 'page' | 'line', frame: { op: string; [name: string]: unknown }): string[]
}
declare module '*/dev/server.mjs' {
  export function makeServer(lives: never, sent: (m: { op: string }) => void): {
    reset(): void
    control(b: object): unknown
    live(socket: never): void
    handle(method: string, url: URL, headers: Record<string, string>, body: unknown): { status: number; body: unknown }
  }
}
declare module '*/dev/bench.mjs' {
  export function makeBench(send: (m: { op: string }) => void): { scan(data: string, source?: string): unknown; link(online: boolean): void; notice(code: string): void }
}
declare module '*/dev/scenes.mjs' {
  export const scenes: { name: string; doc?: boolean }[]
}
