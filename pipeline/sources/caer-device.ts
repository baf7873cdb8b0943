// The addon's CaerDevice, typed: one camera of iniVation, through libcaer.
import type { EventPacket } from '../events/packet.js'
import { native } from '../native.js'

/** See native/cameras/libcaer.h. */
export interface CaerDevice {
  readonly width: number
  readonly height: number
  readonly serial: string
  /** True once the library has told that it was unplugged. */
  readonly gone: boolean
  sendDefaults(): boolean
  /** False when the camera refuses. */
  set(module: number, parameter: number, value: number): boolean
  /** No stamp will be below `toldUs`. Calls back when there is something to take, or the camera has gone. */
  start(toldUs: number, callback: () => void): boolean
  /** Appends events: 2 come again with an empty packet, 1 there may be more, 0 nothing waits. */
  take(packet: EventPacket): 0 | 1 | 2
  /** Edges since the last call: [t, id, value, t, …]. */
  takeTriggers(): number[] | undefined
  /** Records since the last call that are no change events. */
  takeOthers(): number
  close(): void
}

/** Throws an Error with `code` ERR_NOT_FOUND (no such library) or ERR_CONNECT (no such camera). */
export function openCaer(library: string, type: number, serial: string): CaerDevice {
  const { CaerDevice } = native as {
    CaerDevice: new (library: string, type: number, serial: string) => CaerDevice
  }
  return new CaerDevice(library, type, serial)
}
