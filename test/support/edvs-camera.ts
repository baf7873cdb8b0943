// A scripted eDVS at the far end of a pair of terminals: it answers commands as the firmware does and sends events, stamped by its
// own clock, when they are due.
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import type { PlainEvent } from './packets.js'

export const BANNER = '\nEDVS-4337, V2.0: 13.3.2014, 14:43:30\nSystem Clock: 100 MHz\n'
const TURN_MS = 2
/** A process that was held up this long makes the scene wait: no event is sent long after it happened. */
const LATE_US = 5000

/** Bytes of one event as the camera sends them; with 1 stamp byte (`!E1`) `t` is the step from the event before. */
export function edvsRecord({ t, x, y, p }: PlainEvent, stampBytes: number): number[] {
  const record = [0x80 | y, (p ? 0 : 0x80) | x]
  if (stampBytes === 1) {
    const groups = [(t & 0x7f) | 0x80]
    for (
      let rest = Math.floor(t / 128);
      rest > 0 && groups.length < 4;
      rest = Math.floor(rest / 128)
    )
      groups.unshift(rest & 0x7f)
    return [...record, ...groups]
  }
  for (let shift = 8 * (stampBytes - 1); shift >= 0; shift -= 8)
    record.push(Math.floor(t / 2 ** shift) & 0xff)
  return record
}

/** Options of a scripted camera. */
export interface EdvsScript {
  /** Sorted by t, µs. */
  events: Iterable<PlainEvent>
  /** What it says after a reset. */
  banner?: string
  /** Bytes of stamp that `!E2` means; old firmware: 3. */
  e2?: number
  /** Its clock when the stream is switched on, µs. */
  uptime?: number
}

/** The camera. `sent` has the events with stamps of its clock. */
export class EdvsCamera {
  readonly commands: string[] = []
  sent: PlainEvent[] = []
  #fd = -1
  #timer: NodeJS.Timeout | undefined
  #text = ''
  /** As the last `!E…` said; 1 is steps. */
  stampBytes = 0
  #streaming = false
  #before = 0
  #events: Iterator<PlainEvent>
  #next: PlainEvent | undefined
  /** Host time of the start and of the last turn, and how long the scene waited, µs. */
  #start = 0
  #turnAt = 0
  #lag = 0
  #rest = Buffer.alloc(0)

  constructor(
    path: string,
    readonly script: EdvsScript,
  ) {
    this.#events = script.events[Symbol.iterator]()
    this.attach(path)
  }

  /** Plugs it in. When the stream is switched on its clock starts anew, and the script goes on with the next event. */
  attach(path: string): void {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
    this.#streaming = false
    this.#rest = Buffer.alloc(0)
    this.#timer = setInterval(() => this.#turn(), TURN_MS)
  }

  get streaming(): boolean {
    return this.#streaming
  }

  detach(): void {
    clearInterval(this.#timer)
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array | string): void {
    this.#rest = Buffer.concat([this.#rest, Buffer.from(bytes as Uint8Array)])
  }

  #turn(): void {
    try {
      const buffer = Buffer.alloc(4096)
      const n = readSync(this.#fd, buffer)
      const lines = (this.#text + buffer.toString('latin1', 0, n)).split('\n')
      this.#text = lines.pop()!
      for (const line of lines) this.#obey(line)
    } catch {} // EAGAIN: no command; EIO: nobody at the other end
    if (this.#streaming) this.#send()
    try {
      while (this.#rest.length > 0)
        this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest))
    } catch {} // EAGAIN: the line is full, the rest goes with the next turn
  }

  #obey(command: string): void {
    this.commands.push(command)
    if (command === 'R') {
      this.#streaming = false
      this.write(this.script.banner ?? BANNER)
    } else if (/^!E\d$/.test(command)) {
      this.stampBytes = command === '!E2' ? (this.script.e2 ?? 2) : Number(command[2])
    } else if (command === 'E-') {
      this.#streaming = false
    } else if (command === 'E+' && !this.#streaming) {
      this.#streaming = true
      this.#turnAt = performance.now() * 1000
      this.#next ??= this.#events.next().value
      this.#start = this.#turnAt - (this.#next?.t ?? 0)
      this.#lag = 0
    }
  }

  #send(): void {
    const now = performance.now() * 1000
    this.#lag += Math.round(Math.max(0, now - this.#turnAt - LATE_US))
    this.#turnAt = now
    const bytes: number[] = []
    for (;;) {
      this.#next ??= this.#events.next().value as PlainEvent | undefined
      if (this.#next === undefined || this.#next.t > now - this.#start - this.#lag) break
      const event = { ...this.#next, t: this.#next.t + this.#lag + (this.script.uptime ?? 0) }
      this.sent.push(event)
      const step = event.t - this.#before
      this.#before = event.t
      const stamp = this.stampBytes === 1 ? { ...event, t: step } : event
      for (const byte of edvsRecord(stamp, this.stampBytes)) bytes.push(byte)
      this.#next = undefined
    }
    this.write(Uint8Array.from(bytes))
  }
}
