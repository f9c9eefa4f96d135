/**
 * Keeps one stream open and knows when it is silent. A ping comes each 3 s; after 8 s without a message the data count
 * as stale and a new stream is opened, again and again, until one speaks. Each begins with a fresh snapshot.
 */
export const SILENT_MS_MAX = 8000
const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 5000
const LOOK_MS = 500

/** The part of EventSource that is needed here. */
export interface Source {
  addEventListener(kind: string, hear: (event: { data: string }) => void): void
  onerror: ((event: never) => unknown) | null
  close(): void
}

export interface Told {
  /** A message of one of `kinds`, or a ping. */
  onMessage(kind: string, data: unknown): void
  /** `sinceMs`: when the last message was heard, in ms of `now`. Null: live. */
  onSilence(sinceMs: number | null): void
  /** The stream was refused or broken off: is the session still good? */
  onBroken(): void
}

export interface Watch {
  stop(): void
}

export function watchStream(kinds: readonly string[], open: () => Source, told: Told, now: () => number): Watch {
  let source: Source | null = null
  let heardMs = now()
  let silent = false
  let retryAtMs: number | null = null
  let retryMs = RETRY_MS_MIN

  function hear(kind: string, event: { data: string }): void {
    heardMs = now()
    retryMs = RETRY_MS_MIN
    retryAtMs = null
    told.onMessage(kind, JSON.parse(event.data))
    if (silent && kind === 'snapshot') {
      silent = false
      told.onSilence(null)
    }
  }

  function connect(): void {
    source?.close()
    const mine = open()
    source = mine
    for (const kind of kinds) {
      mine.addEventListener(kind, (event) => {
        if (source === mine) hear(kind, event)
      })
    }
    mine.onerror = () => {
      if (source !== mine) return
      mine.close()
      source = null
      retryLater()
      told.onBroken()
    }
  }

  function retryLater(): void {
    retryAtMs = now() + retryMs
    retryMs = Math.min(RETRY_MS_MAX, retryMs * 2)
  }

  function look(): void {
    const quietMs = now() - heardMs
    if (quietMs > SILENT_MS_MAX && !silent) {
      silent = true
      told.onSilence(heardMs)
    }
    // A connection that is open and says nothing is as good as none.
    if (source && quietMs > SILENT_MS_MAX && retryAtMs === null) retryLater()
    if (retryAtMs !== null && now() >= retryAtMs) {
      retryAtMs = null
      connect()
    }
  }

  connect()
  const timer = setInterval(look, LOOK_MS)
  return {
    stop() {
      clearInterval(timer)
      source?.close()
      source = null
    },
  }
}
