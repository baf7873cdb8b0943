// Live sources. A new kind of camera is one file with a CameraKind and one line in CAMERAS.
import { SaccadeError } from '../errors.js'
import { isStreamSpec } from './bytes.js'
import { type CaerSpec, caer } from './caer.js'
import { Camera, type CameraOptions } from './camera.js'
import type { CameraDevice, CameraKind, LookedAtKind } from './camera-device.js'
import { untilThere } from './camera-link.js'
import { type DvSpec, dv } from './dv.js'
import { type EdvsSpec, edvs } from './edvs.js'
import { liveStream } from './live-stream.js'
import type { OpenOptions } from './recording.js'
import { type UdpSpec, udp } from './udp.js'
import { type V4l2Spec, v4l2 } from './v4l2.js'

/** A camera as an object. */
export type CameraObject = EdvsSpec | V4l2Spec | CaerSpec | UdpSpec | DvSpec
/** A camera as text, `KIND:WHERE`, or as an object. */
export type CameraSpec = string | CameraObject

type AnyKind = CameraKind<CameraObject> | LookedAtKind<CameraObject>

/** One line per kind. */
const CAMERAS = { edvs, v4l2, caer, udp, dv } as unknown as Readonly<Record<string, AnyKind>>

/** Text forms of all kinds, for help. */
export const CAMERA_FORMS: readonly string[] = Object.values(CAMERAS).map(({ form }) => form)

/** True for text that begins with a kind of camera. */
export function isCameraSpec(text: string): boolean {
  return Object.hasOwn(CAMERAS, /^(\w+):/.exec(text)?.[1] ?? '')
}

/**
 * Events of a camera, live: `packet.live` is set, and a packet without events says in a silence how far its time has come.
 * A camera never waits: what nobody takes in time is dropped, counted (ledger stage `source`, cause `no_buffer`) and told by the next
 * packet. Unplugged, it is opened again for ever, and its time goes on.
 *
 * Throws ERR_ARGUMENT for a wrong spec; the stream fails with ERR_CONNECT when there is no camera at first (unless `wait`). For
 * kinds of which the size is known without looking; `openCamera` opens all.
 * @example
 * const source = camera('edvs:/dev/ttyUSB0', { signal: AbortSignal.timeout(10_000) })
 * source.states.subscribe((state) => console.error(source.name, state))
 * for await (const packet of source) console.log(packet.t0, packet.length)
 */
export function camera(spec: CameraSpec, options: CameraOptions = {}): Camera {
  const { kind, object } = known(spec)
  if ('make' in kind) return new Camera(kind.make(object, options), options)
  throw new SaccadeError('ERR_ARGUMENT', `${kind.form} must be looked at first`, 'use openCamera')
}

/**
 * Opens any camera: `edvs:`, `udp:`, …, and byte streams ("-", tcp://HOST:PORT, unix:PATH; see `liveStream`). Looks at those
 * that tell their size themselves; with `wait`, until they are there. Rejects with ERR_ARGUMENT, ERR_CONNECT and ERR_FORMAT.
 * @example
 * await using source = await openCamera('dv:192.168.1.7:7777', { wait: true })
 * source.subscribe((packet) => packet.release())
 * console.log(source.health())
 */
export async function openCamera(
  spec: CameraSpec,
  options: CameraOptions & OpenOptions = {},
): Promise<Camera> {
  if (typeof spec === 'string' && isStreamSpec(spec)) return liveStream(spec, options)
  const { kind, object } = known(spec)
  const device: CameraDevice =
    'make' in kind
      ? kind.make(object, options)
      : await untilThere(() => kind.look(object, options), options)
  return new Camera(device, options)
}

function known(spec: CameraSpec): { kind: AnyKind; object: CameraObject } {
  const [, inText, where] = typeof spec === 'string' ? (/^(\w+):(.*)$/.exec(spec) ?? []) : []
  const name = typeof spec === 'string' ? inText : spec.kind
  const kind = name === undefined || !Object.hasOwn(CAMERAS, name) ? undefined : CAMERAS[name]
  if (kind === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `there is no camera "${typeof spec === 'string' ? spec : name}"`,
      `write KIND:WHERE: ${CAMERA_FORMS.join(', ')}`,
    )
  return { kind, object: typeof spec === 'string' ? kind.parse(where!) : spec }
}
