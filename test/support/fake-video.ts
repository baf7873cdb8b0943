// A V4L2 driver in a script: what <linux/videodev2.h> and the vendor's drivers say it does, with frames of a fixed size that
// are filled only in part. Offsets are written out here once more, so that a slip on one side shows.
import type { VideoHandle, VideoTransport } from '../../pipeline/sources/v4l2-transport.js'

const [ENOENT, EAGAIN, EBUSY, ENODEV, EINVAL, ENOTTY] = [2, 11, 16, 19, 22, 25]

/** What a driver is made with. */
export interface FakeVideoOptions {
  /** The pixel format, four letters. */
  fourcc?: string
  frameBytes?: number
  /** Name of the sensor's device; '' when there is none. */
  sensor?: string
  native?: { width: number; height: number }
  capabilities?: number
  /** Controls of the sensor: name, minimum, maximum. */
  controls?: readonly (readonly [string, number, number])[]
  /** Given when asked for buffers. */
  buffers?: number
}

/** One camera on /dev/video0, its sensor on /dev/v4l-subdev1. */
export class FakeVideo implements VideoTransport {
  plugged = true
  streaming = false
  /** Controls that were set, as "name=value", and regions. */
  readonly set: string[] = []
  #buffers: Uint8Array[] = []
  #free: number[] = []
  #filled: { index: number; sequence: number; used: number; flags: number }[] = []
  #sequence = 100
  #busy = false
  #wake: ((error: number) => void) | undefined

  constructor(readonly options: FakeVideoOptions = {}) {}

  list(): string[] {
    if (!this.plugged) return []
    return this.options.sensor === '' ? ['/dev/video0'] : ['/dev/video0', '/dev/v4l-subdev1']
  }

  nameOf(path: string): string {
    if (path === '/dev/v4l-subdev1') return this.options.sensor ?? 'imx636 10-003c'
    return 'rp1-cfe-csi2_ch0'
  }

  open(path: string): VideoHandle {
    const fail = (errno: number) => {
      throw Object.assign(new Error('it fails'), { errno })
    }
    if (!this.list().includes(path)) fail(ENOENT)
    if (path === '/dev/video0' && this.#busy) fail(EBUSY)
    const isSensor = path !== '/dev/video0'
    if (!isSensor) this.#busy = true
    return {
      ioctl: (call, argument) =>
        this.#ioctl(isSensor, call, new DataView(argument.buffer, argument.byteOffset)),
      setControl: (id, value) => this.#control(id, value),
      map: (length, offset) => {
        const buffer = this.#buffers[offset / 0x1000]
        if (buffer?.length !== length) throw new Error('no such buffer')
        return buffer
      },
      watch: (callback) => {
        this.#wake = callback
      },
      close: () => {
        if (isSensor) return
        this.#busy = false
        this.#stop()
      },
    }
  }

  /** A frame with these bytes at its front; behind them stands what was there. Lost when there is no buffer. */
  deliver(bytes: Uint8Array, used?: number, flags = 0): void {
    const sequence = this.#sequence++
    const index = this.#free.shift()
    if (index === undefined) return
    this.#buffers[index]!.set(bytes)
    this.#filled.push({ index, sequence, used: used ?? this.#buffers[index]!.length, flags })
    setImmediate(() => this.#wake?.(0))
  }

  /** Whether the next frame would be lost. */
  get starved(): boolean {
    return this.#free.length === 0
  }

  /** Frames that nobody got. */
  lose(frames: number): void {
    this.#sequence += frames
  }

  unplug(): void {
    this.plugged = false
    const wake = this.#wake
    this.#stop()
    setImmediate(() => wake?.(-9))
  }

  #stop(): void {
    this.streaming = false
    this.#wake = undefined
    this.#buffers = []
    this.#free = []
    this.#filled = []
  }

  #ioctl(isSensor: boolean, call: number, view: DataView): number {
    if (!this.plugged) return ENODEV
    const word = (at: number) => view.getUint32(at, true)
    const put = (at: number, value: number) => view.setUint32(at, value >>> 0, true)
    const text = (at: number, value: string) => {
      for (let i = 0; i < value.length; i++) view.setUint8(at + i, value.charCodeAt(i))
    }
    const number = (call >>> 0) & 0xff
    if (number === 103) return this.#query(isSensor, view)
    if (isSensor) {
      if (number !== 61 && number !== 62) return ENOTTY
      const { native } = this.options
      if (number === 61) {
        if (native === undefined) return EINVAL
        put(24, native.width)
        put(28, native.height)
        return 0
      }
      this.set.push(`crop=${word(16)},${word(20)},${word(24)},${word(28)}`)
      return 0
    }
    switch (number) {
      case 0:
        text(0, 'rp1-cfe')
        text(16, 'rp1-cfe')
        text(48, 'platform:1f00110000.csi')
        put(84, 0x85200001)
        put(88, this.options.capabilities ?? 0x05200001)
        return 0
      case 4:
        if (word(0) !== 1) return EINVAL
        put(8, 4096)
        put(12, 391)
        text(16, this.options.fourcc ?? 'PSE3')
        put(28, this.#frameBytes)
        return 0
      case 8: {
        const count = Math.min(word(0), this.options.buffers ?? 4)
        this.#buffers = Array.from({ length: count }, () => new Uint8Array(this.#frameBytes))
        put(0, count)
        return 0
      }
      case 9:
        if (word(0) >= this.#buffers.length) return EINVAL
        put(64, 0x1000 * word(0))
        put(72, this.#frameBytes)
        return 0
      case 15:
        this.#free.push(word(0))
        return 0
      case 17: {
        const frame = this.#filled.shift()
        if (frame === undefined) return EAGAIN
        put(0, frame.index)
        put(8, frame.used)
        put(12, frame.flags)
        put(56, frame.sequence)
        return 0
      }
      case 18:
        this.streaming = true
        return 0
      case 19:
        this.#stop()
        return 0
    }
    return ENOTTY
  }

  get #frameBytes(): number {
    return this.options.frameBytes ?? 4096
  }

  #query(isSensor: boolean, view: DataView): number {
    const controls = isSensor ? (this.options.controls ?? []) : []
    const last = (view.getUint32(0, true) & 0x0fffffff) >>> 0
    const at = last === 0 ? 0 : last - 0x980900 + 1
    const [name, minimum, maximum] = controls[at] ?? []
    if (name === undefined) return EINVAL
    view.setUint32(0, 0x980900 + at, true)
    for (let i = 0; i < 32; i++) view.setUint8(8 + i, name.charCodeAt(i) || 0)
    view.setBigInt64(40, BigInt(minimum!), true)
    view.setBigInt64(48, BigInt(maximum!), true)
    return 0
  }

  #control(id: number, value: number): number {
    const control = this.options.controls?.[id - 0x980900]
    if (control === undefined) return EINVAL
    this.set.push(`${control[0]}=${value}`)
    return 0
  }
}
