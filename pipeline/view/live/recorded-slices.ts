// Pictures of windows that lie behind: read from the recording again, by a reader of their own, one request at a time.
import { EventPacket, type Geometry } from '../../events/packet.js'
import type { FilterChain } from '../../filters/chain.js'
import type { Recording } from '../../sources/recording.js'
import { PictureSlice } from './picture-slice.js'
import type { SlicePicture } from './slices.js'

/** Pictures that are kept for whoever asks next. */
const MOST_BYTES = 32 << 20

/**
 * The events of [end - hop, end) as pictures.
 * @example
 * const slices = new RecordedSlices(await openRecording('drive_td.dat'), geometry, 50_000)
 * const pictures = await slices.read([50_000, 100_000])
 */
export class RecordedSlices {
  readonly #kept = new Map<number, SlicePicture>()
  readonly #packet = new EventPacket()
  readonly #slice: PictureSlice
  #bytes = 0
  #reading: Promise<unknown> = Promise.resolve()

  constructor(
    readonly recording: Recording,
    readonly geometry: Geometry,
    readonly hopUs: number,
    /** Filters that turn the sensor or take a part of it: boxes lie on what they leave. */
    readonly turned?: FilterChain,
  ) {
    this.#slice = new PictureSlice(geometry)
  }

  /** One picture for each end; ends rise and lie a hop or more apart. */
  async read(ends: readonly number[]): Promise<SlicePicture[]> {
    const missing = ends.filter((end) => !this.#kept.has(end))
    if (missing.length > 0) {
      const work = this.#reading.then(() => this.#fill(missing))
      this.#reading = work.catch(() => {})
      await work
    }
    const pictures = ends.map((end) => this.#kept.get(end)!)
    this.#forget(ends)
    return pictures
  }

  async close(): Promise<void> {
    await this.#reading
    await this.recording[Symbol.asyncDispose]()
  }

  async #fill(ends: readonly number[]): Promise<void> {
    const slice = this.#slice
    const { recording, hopUs } = this
    const packet = this.#packet
    let k = 0
    await recording.seek(Math.max(0, ends[0]! - hopUs))
    while (k < ends.length && (await recording.next(packet))) {
      this.turned?.run(packet)
      const { t0, t, length } = packet
      for (let from = 0; from < length && k < ends.length; ) {
        while (k < ends.length && t0 + t[from]! >= ends[k]!) this.#keep(ends[k++]!, slice)
        if (k === ends.length) break
        let to = from
        while (to < length && t0 + t[to]! < ends[k]!) to += 1
        // Between two ends that lie further apart than a hop there is something that nobody asked for.
        while (from < to && t0 + t[from]! < ends[k]! - hopUs) from += 1
        slice.add(packet, from, to)
        from = to
      }
    }
    while (k < ends.length) this.#keep(ends[k++]!, slice)
  }

  #keep(end: number, slice: PictureSlice): void {
    const { undrawn } = slice
    const picture = slice.pack()
    this.#bytes += picture.length - (this.#kept.get(end)?.picture.length ?? 0)
    this.#kept.set(end, { picture, undrawn })
  }

  /** The oldest go first, those of this request last. */
  #forget(asked: readonly number[]): void {
    for (const [end, { picture }] of this.#kept) {
      if (this.#bytes <= MOST_BYTES) return
      if (asked.includes(end)) continue
      this.#kept.delete(end)
      this.#bytes -= picture.length
    }
  }
}
