// Events of a camera on their way to the page: cut into slices of one hop, so that a frame shows what its boxes were
// found in. Nothing is done while no page is open.
import type { EventPacket, Geometry } from '../../events/packet.js'
import type { FilterChain } from '../../filters/chain.js'
import { PictureSlice } from './picture-slice.js'

/** Slices that wait for their detections; of more the oldest is given up. Detections lag by one or two. */
const MOST_SLICES = 8

/** A finished picture. */
export interface SlicePicture {
  picture: Uint8Array
  undrawn: number
}

interface Slice {
  /** End, absolute µs, exclusive. */
  end: number
  picture: PictureSlice
}

/** Slices end where windows end: at multiples of the hop, moved by the window's length. */
export class LiveSlices {
  readonly #open: Slice[] = []
  readonly #free: PictureSlice[] = []
  #isOn = false

  constructor(
    readonly geometry: Geometry,
    readonly window: { durationUs: number; hopUs: number },
    /** Filters that turn the sensor or take a part of it: boxes lie on what they leave. */
    readonly turned?: FilterChain,
  ) {}

  /** Begins or ends; what was collected is forgotten at the end. */
  set on(isOn: boolean) {
    if (!isOn) for (const slice of this.#open.splice(0)) this.#recycle(slice)
    this.#isOn = isOn
  }

  /** Takes the events of a packet; the packet stays with its owner. */
  add(packet: EventPacket): void {
    if (!this.#isOn || packet.length === 0) return
    if (this.turned === undefined) this.#draw(packet)
    else {
      const copy = packet.detach()
      this.turned.run(copy)
      this.#draw(copy)
    }
  }

  #draw(packet: EventPacket): void {
    const { t0, t, length } = packet
    for (let from = 0; from < length; ) {
      const { end, picture } = this.#sliceAt(t0 + t[from]!)
      const start = end - this.window.hopUs
      let to = from + 1
      while (to < length && t0 + t[to]! < end && t0 + t[to]! >= start) to += 1
      picture.add(packet, from, to)
      from = to
    }
  }

  /** The slice that ends with a window, taken out with all before it, whose windows never came; undefined while off. */
  take(tEnd: number): SlicePicture | undefined {
    if (!this.#isOn) return undefined
    const due = this.#open.filter(({ end }) => end <= tEnd)
    const last = due.at(-1)
    if (last === undefined) return { picture: new PictureSlice(this.geometry).pack(), undrawn: 0 }
    for (const slice of due) this.#open.splice(this.#open.indexOf(slice), 1)
    const { undrawn } = last.picture
    const picture = last.picture.pack()
    for (const slice of due) this.#recycle(slice)
    return { picture, undrawn }
  }

  #sliceAt(t: number): Slice {
    const known = this.#open.find(({ end }) => t < end && t >= end - this.window.hopUs)
    if (known !== undefined) return known
    const { durationUs, hopUs } = this.window
    const end = Math.floor((t - durationUs) / hopUs + 1) * hopUs + durationUs
    if (this.#open.length >= MOST_SLICES) this.#recycle(this.#open.shift()!)
    const picture = this.#free.pop() ?? new PictureSlice(this.geometry)
    const slice = { end, picture }
    this.#open.push(slice)
    this.#open.sort((a, b) => a.end - b.end)
    return slice
  }

  #recycle({ picture }: Slice): void {
    picture.clear()
    this.#free.push(picture)
  }
}
