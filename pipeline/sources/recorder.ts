// Keeps what comes in: a recording written beside the detector. A camera does not wait for the disk; a replay does.
import { EventPacket, type Geometry } from '../events/packet.js'
import { CopyQueue } from '../streams/copies.js'
import type { Ledger } from '../streams/ledger.js'
import { Pool } from '../streams/pool.js'
import type { PacketTap } from './tap.js'
import type { RecordingWriter } from './writer.js'
import { createRecording } from './writers.js'

/** Copies that may wait for the disk: 2 million events, and 19 MB, only where they are used. */
const COPIES = 32

/** What a recorder needs to know. */
export interface RecorderOptions {
  geometry: Geometry
  /** Name of a written format, instead of the one that the name of the file means. */
  format?: string
  ledger: Ledger
  /** Takes sentences for the log: that it ended early. */
  notice?: (sentence: string) => void
}

/** A recording that grows with the stream. As FILE.part until it is closed. */
export class Recorder implements PacketTap {
  readonly #pool = new Pool('record', COPIES, () => new EventPacket())
  readonly #queue: CopyQueue
  #failed = false

  private constructor(
    readonly path: string,
    private readonly writer: RecordingWriter,
    { ledger, notice = () => {} }: RecorderOptions,
  ) {
    const counts = ledger.stage(`record ${path}`, 'copies')
    this.#queue = new CopyQueue(
      (packet) => writer.write(packet),
      counts,
      COPIES,
      (error) => {
        this.#failed = true
        notice(`the recording ${path} ends here: ${(error as Error).message}`)
      },
    )
  }

  /** `spec` is a file, or tcp://HOST:PORT or unix:PATH of somebody who listens. Rejects as createRecording does. */
  static async open(spec: string, options: RecorderOptions): Promise<Recorder> {
    const { geometry, format } = options
    return new Recorder(spec, await createRecording(spec, { geometry, format }), options)
  }

  take(packet: EventPacket): Promise<void> | undefined {
    if (packet.length === 0 && packet.triggers === undefined) return undefined
    if (!packet.live) {
      this.#queue.push(packet.retain())
      return this.#queue.settled()
    }
    const copy = this.#pool.tryAcquire()
    if (copy === undefined) this.#queue.lose(packet)
    else this.#queue.push(copy.copyOf(packet))
    return undefined
  }

  async close(): Promise<void> {
    await this.#queue.settled()
    try {
      await this.writer.close()
    } catch (error) {
      await this.writer[Symbol.asyncDispose]()
      // What had gone wrong before was told.
      if (!this.#failed) throw error
    }
  }
}
