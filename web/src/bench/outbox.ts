import type { BenchView, LocalScan, Outcome } from '@/station/types'

/** A scan as the station line carries it (scanner.Scan). It is sent again byte for byte: the server compares. */
export interface Scan {
  seq: number
  device: string
  source: 'device' | 'typed' | 'key'
  captured_at: string
  mono_us: number
  raw: string // base64
  data: string
  charset: 'utf-8'
  symbology?: string
  flags?: LocalScan['flags']
  plate?: string
}

export interface Block {
  first: number
  count: number
}

export interface Entry {
  producer: string
  seq: number
  scan: Scan
  outcome: Outcome | null
}

/** What the outbox knows beside its scans. It changes in the same transaction as they do. */
export interface Head {
  page: string // secret: names this browser as a station
  bench: string // HZ1/3; '' before one was chosen
  station: string
  name: string // of the bench
  producer: string
  next: number // seq of the next scan
  first: number // the oldest that is kept
  answered: number // newest seq with an outcome; all before it have theirs
  plates: Block[]
  leased: number // the highest plate number that was ever leased
  view: BenchView | null
}

/** Answered scans that stay for a server that was restored from a backup. */
const keep = 5000

export const hex = (bytes: number) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, '0')).join('')

const fresh = (): Head => ({ page: hex(32), bench: '', station: '', name: '', producer: hex(16), next: 1, first: 1, answered: 0, plates: [], leased: 0, view: null })

const done = (tx: IDBTransaction) =>
  new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve()
    tx.onabort = () => reject(tx.error ?? new Error('the browser gave up the transaction'))
  })

const asked = <T>(r: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    r.onsuccess = () => resolve(r.result)
    r.onerror = () => reject(r.error)
  })

/**
 * The durable outbox of a page: scans under a producer of its own, numbered from 1 without gaps, kept in IndexedDB until their outcome is stored.
 * Whoever holds the page's lock is its only user; every change is one transaction, and what was promised is promised after its commit.
 */
export class Outbox {
  private constructor(
    private readonly db: IDBDatabase,
    /** As of the newest commit. */
    public head: Head,
  ) {}

  static async open(name = 'backdock-bench'): Promise<Outbox> {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore('head')
      request.result.createObjectStore('scans', { keyPath: ['producer', 'seq'] })
    }
    const db = await asked(request)
    const tx = db.transaction('head', 'readwrite', { durability: 'strict' })
    const finished = done(tx)
    const store = tx.objectStore('head')
    let head = (await asked(store.get('head'))) as Head | undefined
    if (!head) {
      head = fresh()
      store.put(head, 'head')
    }
    await finished
    return new Outbox(db, head)
  }

  close(): void {
    this.db.close()
  }

  /** Runs one transaction on the head and the scans. The head that `change` leaves is the new one once it is committed. */
  private async write<T>(durability: 'strict' | 'relaxed', change: (head: Head, scans: IDBObjectStore) => T | Promise<T>): Promise<T> {
    const tx = this.db.transaction(['head', 'scans'], 'readwrite', { durability })
    const finished = done(tx)
    finished.catch(() => undefined) // it is awaited below, unless the change itself fails first
    const store = tx.objectStore('head')
    const head = (await asked(store.get('head'))) as Head
    let result: T
    try {
      result = await change(head, tx.objectStore('scans'))
      store.put(head, 'head')
    } catch (err) {
      tx.abort()
      throw err
    }
    await finished
    this.head = head
    return result
  }

  /** Makes one scan durable and returns it. `make` gets its seq and a license plate, if it asks for one and there is one. */
  append(wantsPlate: boolean, make: (seq: number, plate: string | undefined) => Scan): Promise<Entry> {
    return this.write('strict', (head, scans) => {
      const scan = make(head.next, wantsPlate ? takePlate(head) : undefined)
      const entry: Entry = { producer: head.producer, seq: head.next, scan, outcome: null }
      head.next++
      scans.add(entry)
      return entry
    })
  }

  /** Stores outcomes that follow the stored ones, passes over those that are there, and returns the new ones. A gap stores nothing behind it. */
  store(outcomes: readonly Outcome[]): Promise<Outcome[]> {
    return this.write('strict', async (head, scans) => {
      const fresh: Outcome[] = []
      for (const o of outcomes) {
        if (o.seq !== head.answered + 1 || o.seq >= head.next) continue
        const entry = (await asked(scans.get([head.producer, o.seq]))) as Entry | undefined
        if (entry) scans.put({ ...entry, outcome: o })
        head.answered = o.seq
        fresh.push(o)
      }
      const first = Math.max(head.first, head.answered - keep + 1)
      if (first > head.first) scans.delete(IDBKeyRange.bound([head.producer, head.first], [head.producer, first], false, true))
      head.first = first
      return fresh
    })
  }

  /** Takes blocks of plates. Numbers only rise: what is not above the highest one known was leased before, since the server repeats its newest block. */
  lease(blocks: readonly Block[]): Promise<void> {
    return this.write('strict', (head) => {
      for (const b of blocks) {
        if (b.first <= head.leased || b.count < 1) continue
        head.plates.push({ ...b })
        head.leased = b.first + b.count - 1
      }
    })
  }

  plates(): number {
    return this.head.plates.reduce((n, b) => n + b.count, 0)
  }

  /** Forgets the outcomes above seq: the server was restored from a backup and answers those scans again. */
  forget(seq: number): Promise<void> {
    return this.write('strict', async (head, scans) => {
      for (let s = seq + 1; s <= head.answered; s++) {
        const entry = (await asked(scans.get([head.producer, s]))) as Entry | undefined
        if (entry) scans.put({ ...entry, outcome: null })
      }
      head.answered = Math.min(head.answered, seq)
    })
  }

  /** Goes on under a new producer and carries the scans from seq on into it, numbered from 1: the server knows others under these names. */
  renew(seq: number): Promise<void> {
    return this.write('strict', async (head, scans) => {
      const from = Math.max(seq, head.first)
      const carried = (await asked(scans.getAll(IDBKeyRange.bound([head.producer, from], [head.producer, Infinity])))) as Entry[]
      const producer = hex(16)
      carried.forEach((e, i) => scans.add({ producer, seq: i + 1, scan: { ...e.scan, seq: i + 1 }, outcome: null } satisfies Entry))
      Object.assign(head, { producer, next: carried.length + 1, first: 1, answered: 0 })
    })
  }

  choose(bench: { bench: string; name: string; station: string }): Promise<void> {
    return this.write('strict', (head) => void Object.assign(head, bench))
  }

  /** Makes this browser another station, for another bench. False: scans wait for their outcome, and would stay behind. */
  leave(): Promise<boolean> {
    return this.write('strict', (head, scans) => {
      if (head.answered !== head.next - 1) return false
      scans.clear()
      Object.assign(head, fresh())
      return true
    })
  }

  view(view: BenchView): Promise<void> {
    return this.write('relaxed', (head) => void (head.view = view))
  }

  /** Scans from seq on, in order, at most n. */
  async read(from: number, n: number): Promise<Entry[]> {
    const range = IDBKeyRange.bound([this.head.producer, from], [this.head.producer, Infinity])
    return (await asked(this.db.transaction('scans').objectStore('scans').getAll(range, n))) as Entry[]
  }

  /** The newest n scans, newest first. */
  async recent(n: number): Promise<Entry[]> {
    return (await this.read(Math.max(this.head.first, this.head.next - n), n)).reverse()
  }
}

/** License plate number n: U, nine digits and a GS1 check digit (scanner.Plate). */
export function plate(n: number): string {
  const digits = String(n).padStart(9, '0')
  const sum = [...digits].reverse().reduce((s, d, i) => s + Number(d) * (i % 2 === 0 ? 3 : 1), 0)
  return `U${digits}${(10 - (sum % 10)) % 10}`
}

function takePlate(head: Head): string | undefined {
  const block = head.plates.find((b) => b.count > 0)
  if (!block) return undefined
  const n = block.first
  block.first++
  block.count--
  head.plates = head.plates.filter((b) => b.count > 0)
  return plate(n)
}
