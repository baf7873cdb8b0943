// A recording that is decoded from its first byte on, in chunks of 512 KiB: memory does not depend on the size of the input,
// and files, pipes and sockets are read by the same code.
import { SaccadeError } from '../errors.js'
import {
  EventPacket,
  type Geometry,
  keepFrom,
  PACKET_CAPACITY,
  type Trigger,
} from '../events/packet.js'
import type { ByteSource } from './bytes.js'
import { loadIndex, type Place, placeFor, placeStep, saveIndex } from './place-index.js'
import type { Beginning, Recording } from './recording.js'
import { StampIndex } from './stamp-index.js'

/** One chunk of DAT fills one packet. */
const CHUNK_BYTES = PACKET_CAPACITY * 8

/** An input that is being read by the decoder of its format. */
export class StreamRecording implements Recording {
  readonly format: string
  readonly geometry: Geometry | undefined
  readonly records: number | undefined
  readonly header: Readonly<Record<string, string>>
  readonly seekable: boolean
  readonly faults: Record<string, number> = {}
  readonly faultOffsets: Record<string, number> = {}
  /** Bytes behind the last whole record, where that is known at once. */
  readonly #rest: number = 0
  /** Bytes that the header speaks of and that are not there. */
  readonly #missing: number = 0

  readonly #chunk = new Uint8Array(CHUNK_BYTES)
  /** Bytes of the chunk that are not decoded yet. */
  #from = 0
  #to = 0
  /** Offset behind the last byte for the decoder. */
  readonly #end: number
  /** Events before this time are passed over; set by a seek that could only come near. */
  #skipTo = Number.NEGATIVE_INFINITY
  #begun = false
  #tailTold = false
  #closed = false
  readonly #stamps: StampIndex | undefined
  #places: readonly Place[] | undefined

  constructor(
    private readonly bytes: ByteSource,
    private readonly beginning: Beginning,
  ) {
    const { size } = bytes
    this.format = beginning.format
    this.geometry = beginning.geometry
    this.header = beginning.header
    this.seekable = bytes.path !== undefined
    const { records, dataEnd = Number.POSITIVE_INFINITY } = beginning
    this.#end = Math.min(size ?? dataEnd, dataEnd)
    if (size !== undefined && dataEnd !== Number.POSITIVE_INFINITY)
      this.#missing = Math.max(0, dataEnd - size)
    if (this.#missing > 0) this.#forgetFaults()
    if (records === undefined || size === undefined) return
    const room = this.#end - beginning.dataStart
    this.records = Math.floor(room / records.bytes)
    this.#stamps = new StampIndex(this.records, records.wrapUs, (index) => this.#stamp(index))
    this.#rest = room % records.bytes
    this.#forgetFaults()
  }

  get path(): string {
    return this.bytes.name
  }

  get progress(): { bytes: number; total: number | undefined } {
    return { bytes: this.bytes.position - (this.#to - this.#from), total: this.bytes.size }
  }

  async next(packet: EventPacket): Promise<boolean> {
    if (!this.#begun) await this.#begin()
    packet.reset()
    packet.width = this.geometry?.width ?? 0
    packet.height = this.geometry?.height ?? 0
    while (!isFull(packet)) {
      if (this.#from === this.#to) {
        // What a slow stream has brought is handed on before waiting for more.
        if (isSomething(packet) && !this.bytes.ready) break
        if (!(await this.#readChunk())) break
      }
      this.#decode(packet)
      this.#skip(packet)
      // It takes no more: the next event lies too far from the packet's first, or the list of triggers was full.
      if (this.#from < this.#to && isSomething(packet)) break
    }
    this.#tellTail(packet)
    return isSomething(packet)
  }

  async seek(tUs: number): Promise<void> {
    if (!this.seekable) {
      // Refused there: it only goes on.
      if (this.#begun) this.bytes.seek(0)
      this.#skipTo = tUs
      return
    }
    this.#forgetFaults()
    this.#skipTo = Number.NEGATIVE_INFINITY
    if (tUs <= 0) this.#restart(this.beginning.dataStart)
    else if (this.#stamps !== undefined) await this.#seekRecord(tUs, this.#stamps)
    else await this.#seekPlace(tUs)
    this.#begun = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bytes[Symbol.asyncDispose]()
  }

  async #begin(): Promise<void> {
    this.#begun = true
    if (this.seekable) this.#restart(this.beginning.dataStart)
    else await this.#pass(this.beginning.dataStart)
  }

  /** Reads the header of a stream away. */
  async #pass(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const got = await this.bytes.read(this.#chunk, Math.min(left, CHUNK_BYTES))
      if (got === 0) break
      left -= got
    }
    this.beginning.decoder.restart(length)
  }

  #restart(position: number, last?: number): void {
    this.beginning.decoder.restart(position, last)
    this.#goTo(position)
  }

  #goTo(position: number): void {
    this.bytes.seek(position)
    this.#from = this.#to = 0
    this.#tailTold = this.#closed = false
  }

  async #readChunk(): Promise<boolean> {
    const wanted = Math.min(CHUNK_BYTES, this.#end - this.bytes.position)
    const got = wanted > 0 ? await this.bytes.read(this.#chunk, wanted) : 0
    this.#from = 0
    this.#to = got > 0 ? got : this.#close()
    return this.#to > 0
  }

  /** What the format wants at the end, once. */
  #close(): number {
    const { closing } = this.beginning
    if (closing === undefined || this.#closed) return 0
    this.#closed = true
    this.#chunk.set(closing)
    return closing.length
  }

  #decode(packet: EventPacket): void {
    const { decoder } = this.beginning
    const before = packet.length
    const used = decoder.decode(this.#chunk, this.#from, this.#to, packet)
    this.#from += used
    const triggers = decoder.takeTriggers()
    if (triggers !== undefined) packet.triggers = [...(packet.triggers ?? []), ...edges(triggers)]
    const faults = decoder.takeFaults()
    for (let i = 0; faults !== undefined && i < faults.length; i += 3) {
      const [kind, count, at] = faults.slice(i, i + 3) as [string, number, number]
      this.#note(kind, count, at)
      tell(packet, kind, count)
    }
    if (used === 0 && packet.length === before && !isSomething(packet))
      throw new Error(`the decoder of ${this.format} does not move at byte ${this.progress.bytes}`)
  }

  /** Each pass counts its own, or the same byte would count again; what is known of the whole file stays. */
  #forgetFaults(): void {
    for (const kind of Object.keys(this.faults)) delete this.faults[kind]
    for (const kind of Object.keys(this.faultOffsets)) delete this.faultOffsets[kind]
    if (this.#missing > 0) this.#note('missing_bytes', this.#missing, this.#end)
    if (this.#rest > 0) this.#note('trailing_bytes', this.#rest, this.#end - this.#rest)
  }

  #note(kind: string, count: number, at: number): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + count
    this.faultOffsets[kind] ??= at
  }

  /** The cut tail is told once, with the packet that holds the last whole record. */
  #tellTail(packet: EventPacket): void {
    const { held } = this.beginning.decoder
    const atEnd =
      this.#from === this.#to && (this.bytes.position >= this.#end || !isSomething(packet))
    if (this.#tailTold || !atEnd || held === 0) return
    this.#tailTold = true
    tell(packet, 'trailing_bytes', held)
    this.faults.trailing_bytes = held
    this.faultOffsets.trailing_bytes = this.bytes.position - held
  }

  /** Takes out what lies before the time that was sought; from the first event at or after it on, everything is kept. */
  #skip(packet: EventPacket): void {
    const wanted = this.#skipTo
    if (wanted === Number.NEGATIVE_INFINITY) return
    keepFrom(packet, wanted)
    if (packet.length > 0) this.#skipTo = Number.NEGATIVE_INFINITY
  }

  async #seekRecord(tUs: number, stamps: StampIndex): Promise<void> {
    const { dataStart, records } = this.beginning
    const { bytes, originUs } = records!
    const { index, clock } = await stamps.find(tUs - originUs)
    const last = clock === undefined ? undefined : originUs + clock.epoch + clock.last
    this.#restart(dataStart + index * bytes, last)
  }

  /** The stamp of a record; the chunk's contents are lost. */
  async #stamp(index: number): Promise<number> {
    const { dataStart, records } = this.beginning
    const { bytes, stamp } = records!
    this.bytes.seek(dataStart + index * bytes)
    await this.bytes.read(this.#chunk, bytes)
    return stamp(new DataView(this.#chunk.buffer, 0, bytes))
  }

  async #seekPlace(tUs: number): Promise<void> {
    const { decoder, dataStart } = this.beginning
    this.#places ??= await this.#findPlaces()
    const place = placeFor(this.#places, tUs)
    this.#restart(dataStart)
    if (place !== undefined) {
      if (!decoder.restore(place.state))
        throw new SaccadeError('ERR_IO', `the index of ${this.path} does not fit`, 'delete it')
      this.#goTo(place.position)
    }
    this.#skipTo = tUs
  }

  async #findPlaces(): Promise<readonly Place[]> {
    const { path, size, mtimeMs } = this.bytes
    const { width = 0, height = 0 } = this.geometry ?? {}
    const reading = `${this.format} ${width}x${height} ${this.beginning.dataStart}`
    const key = { path: path!, size: size!, mtimeMs: mtimeMs!, reading }
    const kept = await loadIndex(key)
    // The states are tried: what does not fit is not used.
    if (kept?.every(({ state }) => this.beginning.decoder.restore(state))) return kept
    const places = await this.#makePlaces()
    await saveIndex(key, places)
    return places
  }

  async #makePlaces(): Promise<Place[]> {
    const { decoder, dataStart } = this.beginning
    const step = placeStep(this.bytes.size!)
    const packet = new EventPacket()
    const places: Place[] = []
    let before = -1
    let next = dataStart + step
    this.#restart(dataStart)
    while (await this.#readChunk()) {
      while (this.#from < this.#to) {
        packet.reset()
        this.#from += decoder.decode(this.#chunk, this.#from, this.#to, packet)
        decoder.takeTriggers()
        decoder.takeFaults()
        if (packet.length > 0) before = Math.max(before, packet.last)
      }
      if (this.bytes.position < next) continue
      const position = this.bytes.position - (decoder.unsaved ?? 0)
      places.push({ position, before, state: decoder.save() })
      next = this.bytes.position + step
    }
    return places
  }
}

function isSomething({ length, triggers }: EventPacket): boolean {
  return length > 0 || triggers !== undefined
}

/** Also when a file of triggers alone has filled a list of them. */
function isFull({ length, capacity, triggers }: EventPacket): boolean {
  return length === capacity || (triggers?.length ?? 0) >= 4096
}

function tell(packet: EventPacket, kind: string, count: number): void {
  packet.faults ??= {}
  packet.faults[kind] = (packet.faults[kind] ?? 0) + count
}

function edges(list: readonly number[]): Trigger[] {
  return Array.from({ length: list.length / 3 }, (_, i) => ({
    t: list[3 * i]!,
    id: list[3 * i + 1]!,
    value: list[3 * i + 2]! === 0 ? 0 : 1,
  }))
}
