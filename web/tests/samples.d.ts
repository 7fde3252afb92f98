declare module '*/dev/samples.mjs' {
  export function board(seq: number): unknown
  export function plateOf(n: number): string
}
