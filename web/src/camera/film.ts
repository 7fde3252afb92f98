/** The scan that a picture was taken for: it finds piece and parcel by it, whenever both arrive. */
export interface ScanKey {
  producer: string
  seq: number
}

export type Kind = 'photo' | 'video' | 'damage' | 'empty_box'

/** A photo or a recording on this computer that the server does not have yet. */
export interface Take extends ScanKey {
  id: string
  kind: Kind
  capturedAt: string
  offsetMs: number // server clock minus this one
  type: string
  durationMs: number
  chunks: number
  ended: boolean // a recording that is not is being made, or was cut off by a reload
  upload: string // where it goes on, once it has begun
  problem: string // why the server does not take it
}

const asked = <T>(r: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    r.onsuccess = () => resolve(r.result)
    r.onerror = () => reject(r.error)
  })

const done = (tx: IDBTransaction) =>
  new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve()
    tx.onabort = () => reject(tx.error ?? new Error('the browser gave up the transaction'))
  })

/** Keeps takes in IndexedDB, a recording piece by piece as it is made: a reload loses two seconds, a server that is away nothing. */
export class Film {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(name = 'backdock-camera'): Promise<Film> {
    const request = indexedDB.open(name, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore('takes', { keyPath: 'id' })
      request.result.createObjectStore('chunks', { keyPath: ['take', 'n'] })
    }
    return new Film(await asked(request))
  }

  close(): void {
    this.db.close()
  }

  private async write(act: (takes: IDBObjectStore, chunks: IDBObjectStore) => void): Promise<void> {
    const tx = this.db.transaction(['takes', 'chunks'], 'readwrite', { durability: 'strict' })
    const finished = done(tx)
    finished.catch(() => undefined)
    act(tx.objectStore('takes'), tx.objectStore('chunks'))
    await finished
  }

  /** A new take, with its first content if there is any. */
  add(take: Take, content?: Blob): Promise<void> {
    return this.write((takes, chunks) => {
      takes.put(take)
      if (content) chunks.put({ take: take.id, n: 0, blob: content })
    })
  }

  /** The next stretch of a recording. */
  append(take: Take, content: Blob): Promise<void> {
    const n = take.chunks++
    return this.write((takes, chunks) => {
      takes.put({ ...take })
      chunks.put({ take: take.id, n, blob: content })
    })
  }

  keep(take: Take): Promise<void> {
    return this.write((takes) => takes.put({ ...take }))
  }

  drop(id: string): Promise<void> {
    return this.write((takes, chunks) => {
      takes.delete(id)
      chunks.delete(IDBKeyRange.bound([id, 0], [id, Infinity]))
    })
  }

  /** All takes, oldest first. */
  async all(): Promise<Take[]> {
    const takes = (await asked(this.db.transaction('takes').objectStore('takes').getAll())) as Take[]
    return takes.sort((a, b) => a.capturedAt.localeCompare(b.capturedAt))
  }

  /** The content of a take. Chunks are numbered by when they came, which is not when they were committed. */
  async content(take: Take): Promise<Blob> {
    const range = IDBKeyRange.bound([take.id, 0], [take.id, Infinity])
    const chunks = (await asked(this.db.transaction('chunks').objectStore('chunks').getAll(range))) as { blob: Blob }[]
    return new Blob(chunks.map((c) => c.blob), { type: take.type })
  }
}
