// The pages that are open. Each asks for one frame at a time and gets the newest, or the one that it named; whoever does
// not ask gets nothing, so a browser that is slow, frozen or gone costs the pipeline nothing and memory does not grow.
import { WebSocket } from 'ws'
import type { FrameHeader, Hello, Request, Row, Rows, Status } from './protocol.js'
import { MOST_TRAIL_US } from './protocol.js'

/** What pages are told; view.ts knows it. */
export interface Shown {
  hello(): Hello
  status(): Omit<Status, 'type' | 'pages' | 'skipped' | 'forgotten'>
  /** Windows that came so far. */
  readonly count: number
  /** Of these, no longer known. */
  readonly forgotten: number
  rows(from: number, most: number): Row[]
  /** The newest frame, encoded, and its number; undefined before the first. */
  newest(): Promise<{ index: number; message: Uint8Array } | undefined>
  /** The frames that a page asked for, encoded; none where there is none. */
  windowAt(t: number, trailUs: number, id: number): Promise<Uint8Array[]>
}

/** A page that has so much unread gets nothing more until it reads. */
const MOST_UNREAD = 4 << 20
const ROWS_EVERY_MS = 200
const STATUS_EVERY_MS = 1000
/** A page that was silent for so long is gone; browsers answer pings by themselves. */
const PING_EVERY_MS = 10_000
/** Windows told at once; the first message of a page may need several. */
const MOST_ROWS = 20_000
/** Windows before the present that a page of a camera is told of when it connects. */
const LIVE_ROWS = 1200

/** All open pages of one run. */
export class Pages {
  readonly #pages = new Set<Page>()
  readonly #timers: readonly NodeJS.Timeout[]

  constructor(
    readonly shown: Shown,
    /** Called when the first page comes and when the last one goes. */
    readonly onAudience: (isLookedAt: boolean) => void,
  ) {
    this.#timers = [
      setInterval(() => this.#each((page) => page.sendRows()), ROWS_EVERY_MS),
      setInterval(() => this.#each((page) => page.sendStatus(this.size)), STATUS_EVERY_MS),
      setInterval(() => this.#each((page) => page.ping()), PING_EVERY_MS),
    ]
    // The page alone does not keep a process alive; its server does, while it listens.
    for (const timer of this.#timers) timer.unref()
  }

  get size(): number {
    return this.#pages.size
  }

  /** Takes a connection over. */
  add(socket: WebSocket): void {
    const page = new Page(socket, this.shown)
    this.#pages.add(page)
    socket.on('close', () => {
      this.#pages.delete(page)
      if (this.size === 0) this.onAudience(false)
    })
    if (this.size === 1) this.onAudience(true)
    page.greet()
    page.sendStatus(this.size)
  }

  /** A window is there: whoever waits for the newest gets it. */
  update(): void {
    this.#each((page) => page.offerNewest())
  }

  /** Tells everybody now, e.g. of the end. */
  tell(): void {
    this.#each((page) => {
      page.sendRows()
      page.sendStatus(this.size)
    })
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer)
    this.#each((page) => page.close())
  }

  #each(act: (page: Page) => void): void {
    for (const page of this.#pages) act(page)
  }
}

class Page {
  /** Number of the next window that this page is told of in rows. */
  #row: number
  /** Number of the last window that it was shown. */
  #frame: number
  #skipped = 0
  #waitsForNewest = false
  #asked: Extract<Request, { type: 'at' }> | undefined
  #isAnswering = false
  #answersPings = true

  constructor(
    readonly socket: WebSocket,
    readonly shown: Shown,
  ) {
    const { count } = shown
    this.#row = shown.hello().kind === 'camera' ? Math.max(0, count - LIVE_ROWS) : 0
    this.#frame = Math.max(-1, count - 2)
    socket.on('message', (data, isBinary) => {
      const request = isBinary ? undefined : readRequest(String(data))
      if (request === undefined) socket.close(1008, 'not a request of this page')
      else this.#take(request)
    })
    socket.on('pong', () => {
      this.#answersPings = true
    })
  }

  greet(): void {
    this.#say(this.shown.hello())
    this.sendRows()
  }

  sendRows(): void {
    if (this.#isFull()) return
    for (;;) {
      const rows = this.shown.rows(this.#row, MOST_ROWS)
      if (rows.length === 0) return
      // What was forgotten meanwhile is passed over.
      this.#row = Math.max(this.#row, this.shown.forgotten) + rows.length
      this.#say({ type: 'rows', rows } satisfies Rows)
    }
  }

  sendStatus(pages: number): void {
    if (this.#isFull()) return
    const { forgotten } = this.shown
    const own = { pages, skipped: this.#skipped, forgotten }
    this.#say({ type: 'status', ...this.shown.status(), ...own } satisfies Status)
  }

  ping(): void {
    if (!this.#answersPings) this.socket.terminate()
    else this.socket.ping()
    this.#answersPings = false
  }

  offerNewest(): void {
    if (!this.#waitsForNewest || this.#isAnswering || this.#isFull()) return
    if (this.#frame >= this.shown.count - 1) return
    void this.#answer(async () => {
      const newest = await this.shown.newest()
      if (newest === undefined || newest.index <= this.#frame) return
      this.#waitsForNewest = false
      this.#skipped += newest.index - this.#frame - 1
      this.#frame = newest.index
      this.socket.send(newest.message)
    })
  }

  close(): void {
    this.socket.close(1001, 'the run has ended')
    // One that does not answer the close is not waited for.
    setTimeout(() => this.socket.terminate(), 500).unref()
  }

  #take(request: Request): void {
    if (request.type === 'next') {
      this.#waitsForNewest = true
      this.offerNewest()
    } else {
      this.#asked = request
      this.#answerAsked()
    }
  }

  #answerAsked(): void {
    const asked = this.#asked
    if (asked === undefined || this.#isAnswering || this.#isFull()) return
    this.#asked = undefined
    void this.#answer(async () => {
      for (const frame of await this.shown.windowAt(asked.t, asked.trailUs, asked.id))
        this.socket.send(frame)
    }).then(() => this.offerNewest())
  }

  /** One answer at a time. A recording that can no longer be read is told once, by the run itself. */
  async #answer(work: () => Promise<void>): Promise<void> {
    this.#isAnswering = true
    try {
      await work()
    } catch {
      this.socket.close(1011, 'the recording cannot be read any more')
    } finally {
      this.#isAnswering = false
    }
    this.#answerAsked()
  }

  #say(message: Hello | Rows | Status): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message))
  }

  #isFull(): boolean {
    return this.socket.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > MOST_UNREAD
  }
}

/** What a page said; undefined for anything that no page says. */
function readRequest(text: string): Request | undefined {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof said !== 'object' || said === null) return undefined
  const { type, id, t, trailUs } = said as Record<string, unknown>
  if (type === 'next') return { type }
  if (type !== 'at' || !Number.isSafeInteger(id) || !Number.isSafeInteger(t)) return undefined
  if (!Number.isSafeInteger(trailUs)) return undefined
  const trail = Math.min(Math.max(0, trailUs as number), MOST_TRAIL_US)
  return { type, id: id as number, t: t as number, trailUs: trail }
}

/** A frame as a message. */
export function encodeFrame(header: FrameHeader, picture: Uint8Array): Uint8Array {
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return Buffer.concat([length, text, picture])
}
