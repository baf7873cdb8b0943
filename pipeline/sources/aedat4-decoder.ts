// The packets of AEDAT 4: stream id, size, and a packed FlatBuffer of that size. Events of one stream and triggers are taken
// out; packets of other streams are counted and passed over without being kept.
import { EventDecoder } from '../events/native.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import type { Aedat4Header } from './aedat4-header.js'
import { Counts } from './counts.js'
import { FlatTable } from './flatbuffer.js'
import type { Decoder } from './recording.js'
import { Lz4Unpacker, type Unpacker, ZstdUnpacker } from './unpack.js'

const PACKET_HEAD = 8
const EVENT_BYTES = 16
/** Of a packed packet; the largest of real files have some 100 KB. */
const MOST_PACKED = 2 ** 25
/** Edges in a packet: 10 ms of one every 150 ns. A KB that is packed well can claim 16 times as many. */
const MOST_EDGES = 65_536
/** Edges that are handed on at a time, or a few packets of some bytes would be gigabytes of them. */
const EDGES_AT_ONCE = 4096
/** An edge of a trigger input, by the number of its kind; others are frames and exposures. */
const EDGES: Readonly<Record<number, number>> = { 1: 1, 2: 0, 3: 1 }
/** Names of what is passed over, by type. */
const PASSED: Readonly<Record<string, string>> = { FRME: 'frames_packets', IMUS: 'imu_packets' }

const UNPACKERS: Readonly<Record<Aedat4Header['packing'], () => Unpacker>> = {
  none: () => ({ unpack: (frame) => frame }),
  lz4: () => new Lz4Unpacker(),
  zstd: () => new ZstdUnpacker(),
}

/** Bytes of the packet that begins at an offset, with its head; of the head alone when that is cut. */
export function packetBytes(bytes: Uint8Array, at: number): number {
  if (at + PACKET_HEAD > bytes.length) return PACKET_HEAD
  return PACKET_HEAD + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 4, true)
}

/** See Decoder. Its state is nothing but the place of the packet that it is in. */
export class Aedat4Decoder implements Decoder {
  readonly #types: ReadonlyMap<number, string>
  readonly #unpacker: Unpacker
  readonly #decoder: EventDecoder
  readonly #counts = new Counts()
  readonly #head = new Uint8Array(PACKET_HEAD)
  #kept = new Uint8Array(2 ** 16)
  /** Offset of the packet's first byte, and how many of its bytes are here. */
  #start = 0
  #have = 0
  /** Events of the packet that are not handed on yet. */
  #events: Uint8Array | undefined
  #given = 0
  #triggers: number[] = []

  /** @param stream id of the event stream to take */
  constructor(
    { packing, streams }: Aedat4Header,
    private readonly stream: number,
    geometry: Geometry | undefined,
  ) {
    this.#types = new Map(streams.map(({ id, type }) => [id, type]))
    this.#unpacker = UNPACKERS[packing]()
    this.#decoder = new EventDecoder('aedat4', geometry?.width ?? 0, geometry?.height ?? 0, 0)
  }

  decode(bytes: Uint8Array, from: number, to: number, packet: EventPacket): number {
    let at = from
    while (at < to) {
      at += this.#gather(bytes, at, to)
      if (this.#have < PACKET_HEAD || this.#have < PACKET_HEAD + this.#size) continue
      // The last byte of a packet is taken when its events are.
      if (!this.#handOn(packet)) {
        this.#have -= 1
        return at - 1 - from
      }
      this.#start += this.#have
      this.#have = 0
      if (this.#triggers.length >= 3 * EDGES_AT_ONCE) break
    }
    return at - from
  }

  restart(position: number): void {
    this.#start = position
    this.#have = 0
    this.#events = undefined
    this.#triggers = []
    this.#counts.take()
  }

  save(): Uint8Array {
    return new Uint8Array(new Float64Array([this.#start]).buffer)
  }

  restore(state: Uint8Array): boolean {
    if (state.length !== 8) return false
    const [start] = new Float64Array(state.slice().buffer)
    if (!Number.isSafeInteger(start) || start! < 0) return false
    this.restart(start!)
    return true
  }

  takeFaults(): (string | number)[] | undefined {
    return this.#counts.take()
  }

  takeTriggers(): number[] | undefined {
    if (this.#triggers.length === 0) return undefined
    const triggers = this.#triggers
    this.#triggers = []
    return triggers
  }

  get held(): number {
    return this.#have
  }

  /** A packet is read again from its beginning. */
  get unsaved(): number {
    return this.#have
  }

  get #size(): number {
    return packetBytes(this.#head, 0) - PACKET_HEAD
  }

  get #id(): number {
    return new DataView(this.#head.buffer).getInt32(0, true)
  }

  get #type(): string {
    return this.#types.get(this.#id) ?? 'unknown'
  }

  /** Whether the packet's bytes are wanted; one that is too large is passed over. */
  get #wanted(): boolean {
    if (this.#size > MOST_PACKED) return false
    return this.#id === this.stream || this.#type === 'TRIG'
  }

  /** Takes bytes of the packet, the head first; returns how many. */
  #gather(bytes: Uint8Array, from: number, to: number): number {
    const inHead = this.#have < PACKET_HEAD
    const end = inHead ? PACKET_HEAD : PACKET_HEAD + this.#size
    const count = Math.min(to - from, end - this.#have)
    const taken = bytes.subarray(from, from + count)
    if (inHead) this.#head.set(taken, this.#have)
    else if (this.#wanted) this.#keep(taken, this.#have - PACKET_HEAD)
    this.#have += count
    return count
  }

  /** Memory grows with what has come, not with what a head claims. */
  #keep(bytes: Uint8Array, at: number): void {
    if (at + bytes.length > this.#kept.length) {
      const grown = new Uint8Array(2 * Math.max(this.#kept.length, at + bytes.length))
      grown.set(this.#kept.subarray(0, at))
      this.#kept = grown
    }
    this.#kept.set(bytes, at)
  }

  /** False while there is more in the packet than fits. */
  #handOn(packet: EventPacket): boolean {
    if (this.#events === undefined) {
      if (!this.#wanted) {
        this.#pass()
        return true
      }
      if (!this.#open()) return true
    }
    const events = this.#events!
    this.#given += this.#decoder.decode(events, this.#given, events.length, packet)
    // Where in the packet is of no use to anyone: its bytes are packed.
    const faults = this.#decoder.takeFaults() ?? []
    for (let i = 0; i < faults.length; i += 3)
      this.#counts.add(faults[i] as string, this.#start, faults[i + 1] as number)
    if (this.#given < events.length) return false
    this.#events = undefined
    return true
  }

  #pass(): void {
    if (this.#size > MOST_PACKED) this.#counts.add('broken_packets', this.#start)
    else if (this.#type === 'EVTS') this.#counts.add('other_event_packets', this.#start)
    else this.#counts.add(PASSED[this.#type] ?? 'other_packets', this.#start)
  }

  /** Unpacks the packet; false when nothing in it is to be handed on. */
  #open(): boolean {
    const size = this.#size
    const plain = size === 0 ? undefined : this.#unpacker.unpack(this.#kept.subarray(0, size))
    const isEvents = this.#id === this.stream
    const table = plain && FlatTable.root(plain, isEvents ? 'EVTS' : 'TRIG')
    if (table === undefined) {
      this.#counts.add('broken_packets', this.#start)
      return false
    }
    if (!isEvents) {
      this.#edges(table)
      return false
    }
    const span = table.vector(0, EVENT_BYTES)
    if (span === undefined || span.count === 0) return false
    this.#events = plain!.subarray(span.start, span.start + EVENT_BYTES * span.count)
    this.#given = 0
    this.#decoder.restart(0)
    return true
  }

  #edges(table: FlatTable): void {
    if ((table.vector(0, 4)?.count ?? 0) > MOST_EDGES) {
      this.#counts.add('broken_packets', this.#start)
      return
    }
    for (const edge of table.tables(0)) {
      const t = edge.int64(0)
      const value = EDGES[edge.int8(1)]
      if (value === undefined || !(t >= 0)) this.#counts.add('other_records', this.#start)
      else this.#triggers.push(t, 0, value)
    }
  }
}
