// The line between V4L2 and the kernel: open, ioctl, mmap, poll. Tests put a script in its place.
import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { native } from '../native.js'

/** A device that is open. */
export interface VideoHandle {
  /** 0 or an errno. The argument is as long as the call says. */
  ioctl(call: number, argument: Uint8Array): number
  /** Sets a control of 32 or 64 bits: 0 or an errno. */
  setControl(id: number, value: number): number
  /** A buffer of the driver's, without a copy; empty when the device is closed. Throws. */
  map(length: number, offset: number): Uint8Array
  /** Calls back with 0 when something can be dequeued, else with an error, until the device is closed. */
  watch(callback: (error: number) => void): void
  close(): void
}

/** How devices are found and opened. */
export interface VideoTransport {
  /** Paths, e.g. /dev/video0 and /dev/v4l-subdev1. */
  list(): string[]
  /** The name that its driver gave it, e.g. "imx636 10-003c"; '' when it is not known. */
  nameOf(path: string): string
  /** Throws an Error with an `errno`. */
  open(path: string): VideoHandle
}

/** The kernel's. */
export const systemVideo: VideoTransport = {
  list() {
    try {
      return readdirSync('/dev')
        .filter((name) => /^(video|v4l-subdev)\d+$/.test(name))
        .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
        .map((name) => `/dev/${name}`)
    } catch {
      return []
    }
  },

  nameOf(path) {
    try {
      return readFileSync(`/sys/class/video4linux/${basename(path)}/name`, 'utf8').trim()
    } catch {
      return ''
    }
  },

  open(path) {
    const { VideoDevice } = native as { VideoDevice: new (path: string) => VideoHandle }
    return new VideoDevice(path)
  },
}
