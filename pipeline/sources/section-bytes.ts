// A part of a file as a row of bytes: as it stands, or unpacked with Deflate on the way. Memory does not depend on its size.
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import * as zlib from 'node:zlib'
import { SaccadeError } from '../errors.js'
import type { ByteSource } from './bytes.js'
import { readAt } from './file.js'

const CHUNK_BYTES = 2 ** 16

/** Where the part lies. */
export interface Section {
  /** For people, e.g. "drive.npz: t.npy". */
  name: string
  /** Offset of its first byte in the file, and how many it takes there. */
  start: number
  stored: number
  /** Bytes that it holds: more than `stored` when it is packed. */
  size: number
  deflated: boolean
  /** CRC-32 of its bytes, looked at when it has been read from its first to its last. */
  checksum?: number
}

/** See ByteSource. The file stays its owner's. Going back in what is packed begins anew. */
export class SectionBytes implements ByteSource {
  position = 0
  readonly ready = true
  #inflated: AsyncIterator<Buffer> | undefined
  #stream: Readable | undefined
  /** Unpacked and not given yet. */
  #kept: Uint8Array = new Uint8Array(0)
  /** Of what the inflater has given, less what is kept. */
  #inflatedTo = 0
  /** Sum of the first bytes, as far as they were read in a row. */
  #sum = 0
  #summed = 0

  constructor(
    private readonly handle: FileHandle,
    readonly path: string,
    readonly mtimeMs: number,
    private readonly section: Section,
  ) {}

  get name(): string {
    return this.section.name
  }

  get size(): number {
    return this.section.size
  }

  get ended(): boolean {
    return this.position >= this.size
  }

  async peek(length: number): Promise<Uint8Array> {
    const head = new Uint8Array(Math.min(length, this.size))
    let got = 0
    for (let more = 1; got < head.length && more > 0; got += more)
      more = await this.read(head.subarray(got), head.length - got)
    this.seek(0)
    return head.subarray(0, got)
  }

  async read(into: Uint8Array, length: number): Promise<number> {
    const wanted = Math.min(length, into.length, this.size - this.position)
    if (wanted <= 0) return 0
    const got = this.section.deflated
      ? await this.#inflate(into, wanted)
      : await this.#copy(into, wanted)
    this.#check(into.subarray(0, got))
    this.position += got
    return got
  }

  seek(position: number): void {
    this.position = position
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream?.destroy()
  }

  async #copy(into: Uint8Array, wanted: number): Promise<number> {
    const got = await readAt(
      this.handle,
      this.path,
      into,
      wanted,
      this.section.start + this.position,
    )
    if (got < wanted) throw this.#short(this.position + got)
    return got
  }

  async #inflate(into: Uint8Array, wanted: number): Promise<number> {
    if (this.#inflated === undefined || this.position < this.#inflatedTo) this.#begin()
    while (this.#kept.length === 0 || this.#inflatedTo + this.#kept.length <= this.position) {
      this.#inflatedTo += this.#kept.length
      this.#kept = await this.#more()
    }
    this.#kept = this.#kept.subarray(this.position - this.#inflatedTo)
    const got = Math.min(wanted, this.#kept.length)
    into.set(this.#kept.subarray(0, got))
    this.#kept = this.#kept.subarray(got)
    this.#inflatedTo = this.position + got
    return got
  }

  #begin(): void {
    this.#stream?.destroy()
    // What goes wrong in the file is thrown where the bytes are asked for.
    const packed = Readable.from(this.#packed(), { objectMode: false })
    const inflater = zlib.createInflateRaw({ chunkSize: CHUNK_BYTES })
    packed.on('error', (error) => inflater.destroy(error))
    this.#stream = packed.pipe(inflater)
    this.#inflated = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    this.#kept = new Uint8Array(0)
    this.#inflatedTo = 0
  }

  async *#packed(): AsyncGenerator<Uint8Array> {
    const { start, stored } = this.section
    for (let at = 0; at < stored; ) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, stored - at))
      const got = await readAt(this.handle, this.path, chunk, chunk.length, start + at)
      if (got === 0) return
      yield chunk.subarray(0, got)
      at += got
    }
  }

  async #more(): Promise<Uint8Array> {
    try {
      const { done, value } = await this.#inflated!.next()
      if (!done) return value
    } catch (cause) {
      if (cause instanceof SaccadeError) throw cause
      throw new SaccadeError('ERR_FORMAT', `${this.name} is damaged: it does not unpack`, COPY, {
        cause,
      })
    }
    throw this.#short(this.#inflatedTo)
  }

  #check(bytes: Uint8Array): void {
    const { checksum, size } = this.section
    if (checksum === undefined || this.position !== this.#summed) return
    this.#sum = zlib.crc32(bytes, this.#sum)
    this.#summed += bytes.length
    if (this.#summed === size && this.#sum !== checksum)
      throw new SaccadeError(
        'ERR_FORMAT',
        `${this.name} is damaged: its checksum is not that of its bytes`,
        COPY,
      )
  }

  #short(at: number): SaccadeError {
    return new SaccadeError(
      'ERR_TRUNCATED',
      `${this.name} ends at byte ${at} of the ${this.size} that it claims`,
      COPY,
    )
  }
}

const COPY = 'copy the file again'
