declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

// The encoder alone; the package's main entry would bring every symbology and a renderer that writes style attributes.
declare module 'jsbarcode/src/barcodes/CODE128/CODE128_AUTO.js' {
  export default class Code128 {
    constructor(data: string, options: object)
    valid(): boolean
    encode(): { data: string; text: string }
  }
}
