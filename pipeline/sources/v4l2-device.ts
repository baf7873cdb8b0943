// A V4L2 device in its own terms: capabilities, format, buffers, controls.

import { LinkFailure } from './camera-link.js'
import {
  argumentBytes,
  BUF_FLAG_ERROR,
  BUF_TYPE_VIDEO_CAPTURE,
  CAP_DEVICE_CAPS,
  CAP_STREAMING,
  CAP_VIDEO_CAPTURE,
  CTRL_FLAG_DISABLED,
  CTRL_FLAG_NEXT,
  ERRNO,
  FIELDS,
  MEMORY_MMAP,
  SEL_TGT_CROP,
  SEL_TGT_NATIVE_SIZE,
  SUBDEV_FORMAT_ACTIVE,
  VIDIOC,
} from './v4l2-abi.js'
import type { VideoHandle, VideoTransport } from './v4l2-transport.js'

/** A control of a driver. */
export interface VideoControl {
  id: number
  name: string
  minimum: number
  maximum: number
}

/** A filled buffer. It goes back with `release`. */
export interface VideoFrame {
  index: number
  /** What the driver says is filled: at most the whole buffer. */
  bytes: Uint8Array
  /** The driver's count of frames; gaps are frames that nobody had a buffer for. */
  sequence: number
  /** The driver says that something was wrong with it. */
  damaged: boolean
}

const REASONS: Readonly<Record<number, [why: string, hint: string]>> = {
  [ERRNO.ENOENT]: ['there is no such device', 'saccade doctor lists cameras'],
  [ERRNO.ENODEV]: ['there is no such device', 'is its driver loaded?'],
  [ERRNO.EACCES]: ['permission denied', 'add the user to the group "video" and log in again'],
  [ERRNO.EPERM]: ['permission denied', 'add the user to the group "video" and log in again'],
  [ERRNO.EBUSY]: ['another program uses it', 'find it with `fuser -v PATH` and stop it'],
}

/** An open device. All methods but `close` may throw LinkFailure. */
export class Video {
  readonly #handle: VideoHandle
  #buffers: Uint8Array[] = []
  /** The argument of the calls that come with every frame. */
  readonly #frame = new DataView(new ArrayBuffer(argumentBytes(VIDIOC.DQBUF)))
  readonly #frameBytes = new Uint8Array(this.#frame.buffer)

  constructor(
    readonly path: string,
    transport: VideoTransport,
  ) {
    try {
      this.#handle = transport.open(path)
    } catch (error) {
      const { errno, message } = error as NodeJS.ErrnoException
      throw new LinkFailure(...(REASONS[errno ?? 0] ?? [message, '']))
    }
  }

  /** What it is, and whether frames can be taken from it. */
  capability(): { driver: string; card: string; bus: string; captures: boolean } {
    const bytes = this.#call(VIDIOC.QUERYCAP, 'tell what it is')
    const field = FIELDS.capability
    const all = bytes.getUint32(field.capabilities, true)
    const caps = all >= CAP_DEVICE_CAPS ? bytes.getUint32(field.device_caps, true) : all
    const wanted = CAP_VIDEO_CAPTURE | CAP_STREAMING
    return {
      driver: text(bytes, field.driver, 16),
      card: text(bytes, field.card, 32),
      bus: text(bytes, field.bus_info, 32),
      captures: (caps & wanted) === wanted,
    }
  }

  /** What it sends. */
  format(): { width: number; height: number; fourcc: string; bytes: number } {
    const field = FIELDS.format
    const bytes = this.#call(VIDIOC.G_FMT, 'tell its format', (view) =>
      view.setUint32(field.type, BUF_TYPE_VIDEO_CAPTURE, true),
    )
    return {
      width: bytes.getUint32(field.width, true),
      height: bytes.getUint32(field.height, true),
      fourcc: text(bytes, field.pixelformat, 4),
      bytes: bytes.getUint32(field.sizeimage, true),
    }
  }

  /** All controls. */
  controls(): VideoControl[] {
    const field = FIELDS.query_ext_ctrl
    const found: VideoControl[] = []
    for (let last = 0; found.length < 1000; ) {
      const argument = new DataView(new ArrayBuffer(argumentBytes(VIDIOC.QUERY_EXT_CTRL)))
      argument.setUint32(field.id, (last | CTRL_FLAG_NEXT) >>> 0, true)
      if (this.#handle.ioctl(VIDIOC.QUERY_EXT_CTRL, new Uint8Array(argument.buffer)) !== 0) break
      const id = argument.getUint32(field.id, true)
      if (id <= last) break
      last = id
      if (argument.getUint32(field.flags, true) & CTRL_FLAG_DISABLED) continue
      found.push({
        id,
        name: text(argument, field.name, 32),
        minimum: Number(argument.getBigInt64(field.minimum, true)),
        maximum: Number(argument.getBigInt64(field.maximum, true)),
      })
    }
    return found
  }

  /** Sets a control. */
  set({ id, name, minimum, maximum }: VideoControl, value: number): void {
    const errno = this.#handle.setControl(id, value)
    if (errno !== 0)
      throw new LinkFailure(
        `it refused ${name}=${value} (errno ${errno})`,
        `from ${minimum} to ${maximum}`,
      )
  }

  /** Size of the sensor, of a sub-device that tells it. */
  nativeSize(): { width: number; height: number } | undefined {
    const argument = this.#selection(SEL_TGT_NATIVE_SIZE)
    if (this.#handle.ioctl(VIDIOC.SUBDEV_G_SELECTION, new Uint8Array(argument.buffer)) !== 0)
      return undefined
    const field = FIELDS.subdev_selection
    return {
      width: argument.getUint32(field.width, true),
      height: argument.getUint32(field.height, true),
    }
  }

  /** Only this part of the sensor sends. */
  crop(roi: { x: number; y: number; width: number; height: number }): void {
    const argument = this.#selection(SEL_TGT_CROP)
    const field = FIELDS.subdev_selection
    argument.setInt32(field.left, roi.x, true)
    argument.setInt32(field.top, roi.y, true)
    argument.setUint32(field.width, roi.width, true)
    argument.setUint32(field.height, roi.height, true)
    const errno = this.#handle.ioctl(VIDIOC.SUBDEV_S_SELECTION, new Uint8Array(argument.buffer))
    if (errno !== 0) throw new LinkFailure(`it refused the region of interest (errno ${errno})`)
  }

  #selection(target: number): DataView {
    const argument = new DataView(new ArrayBuffer(argumentBytes(VIDIOC.SUBDEV_S_SELECTION)))
    argument.setUint32(FIELDS.subdev_selection.which, SUBDEV_FORMAT_ACTIVE, true)
    argument.setUint32(FIELDS.subdev_selection.target, target, true)
    return argument
  }

  /** Takes buffers, as many as the driver gives of `count`, and begins; `ready` is called when there are frames, or with an error. */
  start(count: number, ready: (error: number) => void): void {
    const request = FIELDS.requestbuffers
    const granted = this.#call(VIDIOC.REQBUFS, 'give buffers', (view) => {
      view.setUint32(request.count, count, true)
      view.setUint32(request.type, BUF_TYPE_VIDEO_CAPTURE, true)
      view.setUint32(request.memory, MEMORY_MMAP, true)
    }).getUint32(request.count, true)
    if (granted < 2) throw new LinkFailure(`it gives ${granted} buffers, and two are needed`)
    const field = FIELDS.buffer
    for (let index = 0; index < granted; index++) {
      const buffer = this.#call(VIDIOC.QUERYBUF, 'describe a buffer', (view) =>
        fillBuffer(view, index),
      )
      const length = buffer.getUint32(field.length, true)
      this.#buffers.push(this.#handle.map(length, buffer.getUint32(field.offset, true)))
      this.release(index)
    }
    this.#stream(VIDIOC.STREAMON, 'begin')
    this.#handle.watch(ready)
  }

  /** The next filled buffer; undefined when none is. */
  next(): VideoFrame | undefined {
    const argument = this.#frame
    fillBuffer(argument, 0)
    const errno = this.#handle.ioctl(VIDIOC.DQBUF, this.#frameBytes)
    if (errno === ERRNO.EAGAIN) return undefined
    if (errno === ERRNO.ENODEV) throw new LinkFailure('it was unplugged')
    if (errno !== 0) throw new LinkFailure(`it gives no frame (errno ${errno})`)
    const field = FIELDS.buffer
    const index = argument.getUint32(field.index, true)
    const buffer = this.#buffers[index]
    if (buffer === undefined) throw new LinkFailure(`it gave a buffer ${index} that it never made`)
    const used = Math.min(argument.getUint32(field.bytesused, true), buffer.length)
    return {
      index,
      bytes: buffer.subarray(0, used),
      sequence: argument.getUint32(field.sequence, true),
      damaged: (argument.getUint32(field.flags, true) & BUF_FLAG_ERROR) !== 0,
    }
  }

  /** Gives a buffer back to be filled. */
  release(index: number): void {
    fillBuffer(this.#frame, index)
    const errno = this.#handle.ioctl(VIDIOC.QBUF, this.#frameBytes)
    if (errno !== 0) throw new LinkFailure(`it takes no buffer back (errno ${errno})`)
  }

  close(): void {
    try {
      if (this.#buffers.length > 0) this.#stream(VIDIOC.STREAMOFF, 'end')
    } catch {} // It has gone already.
    this.#buffers = []
    this.#handle.close()
  }

  #stream(call: number, what: string): void {
    this.#call(call, what, (view) => view.setInt32(0, BUF_TYPE_VIDEO_CAPTURE, true))
  }

  #call(call: number, what: string, fill: (view: DataView) => void = () => {}): DataView {
    const view = new DataView(new ArrayBuffer(argumentBytes(call)))
    fill(view)
    const errno = this.#handle.ioctl(call, new Uint8Array(view.buffer))
    if (errno === 0) return view
    const [why, hint] = REASONS[errno] ?? [`it does not ${what} (errno ${errno})`, '']
    throw new LinkFailure(why, hint)
  }
}

function fillBuffer(view: DataView, index: number): void {
  view.setUint32(FIELDS.buffer.index, index, true)
  view.setUint32(FIELDS.buffer.type, BUF_TYPE_VIDEO_CAPTURE, true)
  view.setUint32(FIELDS.buffer.memory, MEMORY_MMAP, true)
}

function text(view: DataView, at: number, length: number): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset + at, length)
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? length : end)
}
