// Cameras of every kind, played by scripts at the far end of their lines: what the one suite for all of them plugs and unplugs.
import { execFile } from 'node:child_process'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EventEncoder } from '../../pipeline/events/native.js'
import type { Geometry } from '../../pipeline/events/packet.js'
import type { Camera, CameraOptions } from '../../pipeline/sources/camera.js'
import { openCamera } from '../../pipeline/sources/camera-registry.js'
import { EdvsCamera, edvsRecord } from './edvs-camera.js'
import { FakeVideo } from './fake-video.js'
import { dvFrame, dvHead, dvPacket } from './flat.js'
import { type PlainEvent, packetOf } from './packets.js'
import { PtyPair } from './pty.js'
import { packageRoot } from './shared.js'

/** A scripted camera. Its clock is at 7 s when it is made, and at zero each time it is plugged in again. */
export abstract class CameraRig {
  abstract readonly geometry: Geometry
  /** Programs that it needs. */
  readonly tools: readonly string[] = []
  /** The fault that `garbage` causes, and the one that a new start does. */
  abstract readonly garbageFault: string
  readonly restartFault: string = 'reconnect'
  /** Whether a loss shows as `lost`; of datagrams nobody tells that they end. */
  readonly tellsLoss: boolean = true
  #start = performance.now() * 1000 - 7_000_000

  /** Begins; then it can be opened. */
  abstract begin(): Promise<void>
  abstract open(options: CameraOptions): Promise<Camera>
  /** Whether what is sent would arrive. */
  abstract ready(): boolean
  /** Sends events, in pieces of odd sizes where the line has no packets. */
  abstract send(events: readonly PlainEvent[]): void
  /** Sends what is no events. */
  abstract garbage(): void
  abstract unplug(): Promise<void>
  protected abstract replug(): Promise<void>
  abstract close(): Promise<void>

  async plug(): Promise<void> {
    this.#start = performance.now() * 1000
    await this.replug()
  }

  /** Events that have just happened, 1 µs apart, by the camera's clock. */
  burst(n: number): PlainEvent[] {
    const { width, height } = this.geometry
    const now = Math.floor(performance.now() * 1000 - this.#start)
    const events = Array.from({ length: n }, (_, i) => ({
      t: Math.max(0, now - n) + i,
      x: (i * 37) % width,
      y: (i * 11) % height,
      p: (i >> 2) & 1,
    }))
    this.send(events)
    return events
  }
}

/** Pieces of 1, 7, 61 … bytes. */
function* oddPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0, k = 0; at < bytes.length; k++) {
    const size = [1, 7, 61, 300, 2][k % 5]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

/** An eDVS on a pair of terminals. */
export class EdvsRig extends CameraRig {
  readonly geometry = { width: 128, height: 128 }
  override readonly tools = ['socat']
  readonly garbageFault = 'resync'
  #pair!: PtyPair
  #device!: EdvsCamera
  #before = 0

  constructor(private readonly mode: number) {
    super()
  }

  async begin(): Promise<void> {
    this.#pair = await PtyPair.open()
    this.#device = new EdvsCamera(this.#pair.far, { events: [] })
  }

  open(options: CameraOptions): Promise<Camera> {
    return openCamera(`edvs:${this.#pair.near}:12000000:e${this.mode}`, options)
  }

  ready(): boolean {
    return this.#device.streaming
  }

  send(events: readonly PlainEvent[]): void {
    const bytes = events.flatMap((event) => {
      const step = this.#before === 0 ? 0 : event.t - this.#before
      this.#before = event.t
      return edvsRecord(this.mode === 1 ? { ...event, t: step } : event, this.#device.stampBytes)
    })
    for (const piece of oddPieces(Uint8Array.from(bytes))) this.#device.write(piece)
  }

  garbage(): void {
    this.#device.write(Uint8Array.of(0, 1, 2, 3, 4))
  }

  async unplug(): Promise<void> {
    await this.#pair.unplug()
    this.#device.detach()
  }

  protected async replug(): Promise<void> {
    this.#before = 0
    await this.#pair.plug()
    this.#device.attach(this.#pair.far)
  }

  async close(): Promise<void> {
    this.#device.detach()
    await this.#pair.close()
  }
}

/** Events to EVT3, from the time of the first one on: its readers begin in the first 16.8 s. */
class Evt3Words {
  #encoder: EventEncoder | undefined

  constructor(private readonly geometry: Geometry) {}

  of(events: readonly PlainEvent[]): Uint8Array {
    const { width, height } = this.geometry
    const origin = Math.floor(events[0]!.t / 2 ** 24) * 2 ** 24
    this.#encoder ??= new EventEncoder('evt3', width, height, origin)
    const out = new Uint8Array(65_536)
    this.#encoder.encode(packetOf(events), 0, events.length, out)
    return out.slice(0, this.#encoder.bytes)
  }
}

/** A program that sends over TCP: raw EVT3 with a header, or AEDAT 4 as DV does. */
export class TcpRig extends CameraRig {
  readonly geometry = { width: 320, height: 240 }
  readonly garbageFault: string
  #server!: Server
  #socket: Socket | undefined
  #port = 0
  #encoder: Evt3Words | undefined

  constructor(private readonly format: 'evt3' | 'dv') {
    super()
    this.garbageFault = format === 'dv' ? 'broken_packets' : 'reserved_words'
  }

  async begin(): Promise<void> {
    const { width, height } = this.geometry
    const head =
      this.format === 'dv'
        ? dvHead(this.geometry)
        : `% evt 3.0\n% format EVT3;height=${height};width=${width}\n% end\n`
    this.#server = createServer((socket) => {
      this.#socket = socket
      this.#encoder = new Evt3Words(this.geometry)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.write(head)
    })
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as { port: number }).port
  }

  open(options: CameraOptions): Promise<Camera> {
    const address = `127.0.0.1:${this.#port}`
    return openCamera(this.format === 'dv' ? `dv:${address}` : `tcp://${address}`, options)
  }

  ready(): boolean {
    return this.#socket !== undefined
  }

  send(events: readonly PlainEvent[]): void {
    this.#write(this.format === 'dv' ? dvPacket(events) : this.#encoder!.of(events))
  }

  garbage(): void {
    this.#write(this.format === 'dv' ? dvFrame(Buffer.from('no events')) : Uint8Array.of(0, 0x90))
  }

  async unplug(): Promise<void> {
    this.#socket?.destroy()
    this.#socket = undefined
    await new Promise((resolve) => this.#server.close(resolve))
  }

  protected replug(): Promise<void> {
    return this.begin()
  }

  async close(): Promise<void> {
    await this.unplug()
  }

  #write(bytes: Uint8Array): void {
    for (const piece of oddPieces(Uint8Array.from(bytes))) this.#socket?.write(piece)
  }
}

const UDP_RECORDS: Readonly<Record<string, (event: PlainEvent) => Buffer>> = {
  spif({ t, x, y, p }) {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(((x << 16) | (p << 15) | y) >>> 0, 0)
    bytes.writeUInt32LE(t % 2 ** 32, 4)
    return bytes
  },
  t64_x16_y16_on8({ t, x, y, p }) {
    const bytes = Buffer.alloc(13)
    bytes.writeBigUInt64LE(BigInt(t), 0)
    bytes.writeUInt16LE(x, 8)
    bytes.writeUInt16LE(y, 10)
    bytes[12] = p
    return bytes
  },
  t32_x16_y15_on1({ t, x, y, p }) {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(t % 2 ** 32, 0)
    bytes.writeUInt16LE(x, 4)
    bytes.writeUInt16LE((y << 1) | p, 6)
    return bytes
  },
}

/** One record of a layout of datagrams. */
export function udpRecord(layout: string, event: PlainEvent): Buffer {
  return UDP_RECORDS[layout]!(event)
}

/** A sender of datagrams. */
export class UdpRig extends CameraRig {
  readonly geometry = { width: 640, height: 480 }
  readonly garbageFault = 'malformed_datagrams'
  override readonly restartFault = 'clock_restart'
  override readonly tellsLoss = false
  #socket: UdpSocket | undefined
  #from = 0
  #to = 0
  #opened = false

  constructor(readonly layout: string) {
    super()
  }

  async begin(): Promise<void> {
    this.#to = await freeUdpPort()
    await this.replug()
  }

  async open(options: CameraOptions): Promise<Camera> {
    const camera = await openCamera(`udp:127.0.0.1:${this.#to}:${this.layout}`, {
      geometry: this.geometry,
      ...options,
    })
    camera.states.subscribe((state) => {
      this.#opened = state === 'up' || state === 'silent'
    })
    return camera
  }

  ready(): boolean {
    return this.#opened
  }

  send(events: readonly PlainEvent[]): void {
    for (let at = 0, k = 0; at < events.length; k++) {
      const some = events.slice(at, at + [1, 90, 7, 33][k % 4]!)
      at += some.length
      this.#send(Buffer.concat(some.map((event) => udpRecord(this.layout, event))))
    }
  }

  garbage(): void {
    this.#send(Buffer.from([1, 2, 3]))
  }

  async unplug(): Promise<void> {
    this.#socket?.close()
    this.#socket = undefined
  }

  protected async replug(): Promise<void> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(this.#from, '127.0.0.1', resolve))
    this.#from = socket.address().port
    this.#socket = socket
  }

  async close(): Promise<void> {
    await this.unplug()
  }

  #send(bytes: Uint8Array): void {
    this.#socket?.send(bytes, this.#to, '127.0.0.1')
  }
}

/** A sensor behind a V4L2 driver that a script plays: frames of a fixed size, filled in part, with a marker. */
export class V4l2Rig extends CameraRig {
  readonly geometry = { width: 1280, height: 720 }
  readonly garbageFault = 'reserved_words'
  readonly driver = new FakeVideo({ frameBytes: 512, buffers: 8, native: this.geometry })
  #waiting: Uint8Array[] = []
  #encoder = new Evt3Words(this.geometry)

  async begin(): Promise<void> {}

  open(options: CameraOptions): Promise<Camera> {
    return openCamera({ kind: 'v4l2', device: '/dev/video0', transport: this.driver }, options)
  }

  ready(): boolean {
    return this.driver.streaming
  }

  send(events: readonly PlainEvent[]): void {
    const bytes = this.#encoder.of(events)
    for (let at = 0, k = 0; at < bytes.length; k++) {
      const size = [2, 14, 60, 300, 4][k % 5]!
      this.#frame(bytes.subarray(at, at + size))
      at += size
    }
  }

  garbage(): void {
    this.#frame(Uint8Array.of(0, 0x90))
  }

  async unplug(): Promise<void> {
    this.driver.unplug()
  }

  protected async replug(): Promise<void> {
    this.#encoder = new Evt3Words(this.geometry)
    this.driver.plugged = true
  }

  async close(): Promise<void> {}

  /** The words, the marker of their end, and then what is left of an earlier frame; as soon as there is a buffer. */
  #frame(words: Uint8Array): void {
    this.#waiting.push(Uint8Array.from([...words, 0x19, 0xe0]))
    if (this.#waiting.length === 1) this.#deliver()
  }

  #deliver(): void {
    while (this.#waiting.length > 0 && !this.driver.starved)
      this.driver.deliver(this.#waiting.shift()!)
    if (this.#waiting.length > 0 && this.driver.plugged) setImmediate(() => this.#deliver())
  }
}

/** A DVXplorer behind a library that has the functions of libcaer: the camera is this script, at the end of a socket. */
export class CaerRig extends CameraRig {
  readonly geometry = { width: 640, height: 480 }
  override readonly tools = ['gcc']
  readonly garbageFault = 'other_records'
  readonly serial = `S${Math.floor(Math.random() * 1e6)}`
  /** Lines that the camera was sent. */
  heard = ''
  /** Connections since it was plugged in, and how many it takes: one that only looks comes first. */
  #connections = 0
  #wanted = 2
  #server!: Server
  #socket: Socket | undefined

  constructor(readonly model = 'dvxplorer') {
    super()
  }

  async begin(): Promise<void> {
    const folder = await fakeCaerFolder()
    this.#connections = 0
    this.#server = createServer((socket) => {
      this.#connections += 1
      this.#socket = socket
      socket.on('error', () => {})
      socket.on('data', (data) => {
        this.heard += data
      })
    })
    await new Promise<void>((resolve) => this.#server.listen(join(folder, this.serial), resolve))
  }

  open(options: CameraOptions): Promise<Camera> {
    return openCamera(`caer:${this.model}:${this.serial}`, options)
  }

  ready(): boolean {
    return this.#connections >= this.#wanted && this.#socket?.destroyed === false
  }

  send(events: readonly PlainEvent[]): void {
    for (let at = 0, k = 0; at < events.length; k++) {
      const some = events.slice(at, at + [1, 200, 33][k % 3]!)
      at += some.length
      this.records('E', some.map(caerEvent))
    }
  }

  garbage(): void {
    const head = Buffer.alloc(5)
    head.write('F')
    head.writeUInt32LE(3, 1)
    this.#socket?.write(head)
  }

  /** A container of polarity ('E') or special ('S') events: [data, stamp]. */
  records(what: 'E' | 'S', events: readonly (readonly [number, number])[], overflow = 0): void {
    const bytes = Buffer.alloc(9 + 8 * events.length)
    bytes.write(what)
    bytes.writeUInt32LE(events.length, 1)
    bytes.writeInt32LE(overflow, 5)
    events.forEach(([data, stamp], i) => {
      bytes.writeUInt32LE(data, 9 + 8 * i)
      bytes.writeInt32LE(stamp, 13 + 8 * i)
    })
    this.#socket?.write(bytes)
  }

  async unplug(): Promise<void> {
    this.#socket?.destroy()
    this.#socket = undefined
    await new Promise((resolve) => this.#server.close(resolve))
  }

  protected replug(): Promise<void> {
    this.#wanted = 1
    return this.begin()
  }

  async close(): Promise<void> {
    await this.unplug()
  }
}

/** The words of a polarity event. */
export function caerEvent({ t, x, y, p }: PlainEvent): [data: number, stamp: number] {
  return [((x << 17) | (y << 2) | (p << 1) | 1) >>> 0, t % 2 ** 31]
}

let fakeCaer: Promise<string> | undefined

/** Compiles the library, once, and returns the folder in which its cameras have their sockets. */
function fakeCaerFolder(): Promise<string> {
  fakeCaer ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'saccade-caer-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    const library = join(folder, 'libfakecaer.so')
    const source = join(packageRoot, 'test', 'native', 'fake_caer.c')
    await promisify(execFile)('gcc', [
      ...['-shared', '-fPIC', '-O1', '-pthread', '-o', library, source],
    ])
    process.env.SACCADE_LIBCAER = library
    process.env.FAKE_CAER = folder
    return folder
  })()
  return fakeCaer
}

/** A port of this machine on which nobody listens just now. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}

/** Every kind, by name. */
export const CAMERA_RIGS: Readonly<Record<string, () => CameraRig>> = {
  'eDVS, stamps of 24 bits': () => new EdvsRig(3),
  'eDVS, steps': () => new EdvsRig(1),
  'EVT3 over TCP': () => new TcpRig('evt3'),
  'DV over TCP': () => new TcpRig('dv'),
  'V4L2, EVT3': () => new V4l2Rig(),
  'libcaer, DVXplorer': () => new CaerRig(),
  'UDP, SPIF': () => new UdpRig('spif'),
  'UDP, t64_x16_y16_on8': () => new UdpRig('t64_x16_y16_on8'),
  'UDP, t32_x16_y15_on1': () => new UdpRig('t32_x16_y15_on1'),
}
