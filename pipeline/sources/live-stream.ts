// A byte stream as a camera: what a vendor's own tool writes to a pipe or a socket, live. It never waits for the pipeline,
// and a socket that goes away is opened again for ever.
import { SaccadeError } from '../errors.js'
import type { Geometry } from '../events/packet.js'
import { Backoff, pause } from '../streams/clock.js'
import { type ByteSource, openBytes } from './bytes.js'
import { Camera, type CameraOptions } from './camera.js'
import type { CameraContext, CameraDevice } from './camera-device.js'
import { isAbsence, untilThere } from './camera-link.js'
import { cameraSerial } from './camera-serial.js'
import { refuseSettings } from './camera-settings.js'
import { CameraWatch } from './camera-watch.js'
import { StreamDecoder } from './live-decoder.js'
import { beginning, formatNamed, formatOf } from './open.js'
import type { Beginning, OpenOptions } from './recording.js'

const BACKOFF_MIN_MS = 250
const BACKOFF_MAX_MS = 5000
const CHUNK_BYTES = 65_536
/** 16 packets of so many events are 9 MB, and 20 ms of the fastest sensors. */
const PACKET_EVENTS = 65_536

/** A stream that is open, and what its first bytes say. */
interface Link {
  bytes: ByteSource
  beginning: Beginning
}

/**
 * Opens "-" (stdin), tcp://HOST:PORT or unix:PATH as a camera. The sensor's size is that of the header, else of the options; without either
 * it is refused (ERR_ARGUMENT). Rejects with ERR_CONNECT when nobody is there, unless `wait`, and with ERR_FORMAT for what is no event
 * stream.
 * @example
 * const source = await liveStream('tcp://camera.local:5000', { format: 'evt3', geometry: { width: 1280, height: 720 } })
 * source.pipe(windows(model.window), detect(session)).subscribe((set) => console.log(set.detections))
 */
export async function liveStream(
  spec: string,
  options: CameraOptions & OpenOptions = {},
): Promise<Camera> {
  refuseSettings('a byte stream', options.settings ?? {}, [])
  return new Camera(await untilThere(() => lookAtStream(spec, options), options), options)
}

/** One attempt. */
export async function lookAtStream(spec: string, options: OpenOptions): Promise<CameraDevice> {
  const link = await openLink(spec, options)
  const { geometry } = link.beginning
  if (geometry !== undefined) return new LiveStream(spec, geometry, link, options)
  await link.bytes[Symbol.asyncDispose]()
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `${link.bytes.name} does not say the size of its sensor`,
    '--geometry WIDTHxHEIGHT does',
  )
}

async function openLink(spec: string, options: OpenOptions): Promise<Link> {
  const named = options.format === undefined ? undefined : formatNamed(options.format)
  const bytes = await openBytes(spec, options.signal)
  try {
    const { format, head } = await formatOf(bytes, named)
    if ('begin' in format) return { bytes, beginning: beginning(format, head, bytes, options) }
    throw new SaccadeError(
      'ERR_FORMAT',
      `${format.name} cannot be read from ${bytes.name}: one must go to and fro in it`,
    )
  } catch (error) {
    await bytes[Symbol.asyncDispose]()
    throw error
  }
}

class LiveStream implements CameraDevice {
  readonly name: string
  readonly serial: string | undefined
  readonly packetEvents = PACKET_EVENTS
  /** Kinds of faults that were told: each is once. */
  readonly #told = new Set<string>()
  #link: Link | undefined

  constructor(
    private readonly spec: string,
    readonly geometry: Geometry,
    link: Link,
    private readonly options: OpenOptions,
  ) {
    this.name = `the ${link.beginning.format} stream on ${link.bytes.name}`
    this.serial = cameraSerial(link.beginning.header)
    this.#link = link
  }

  async run(context: CameraContext): Promise<void> {
    const { signal, clock, feed } = context
    const backoff = new Backoff(BACKOFF_MIN_MS, BACKOFF_MAX_MS, context.random)
    while (!signal.aborted) {
      const link = this.#link ?? (await this.#again(context))
      this.#link = undefined
      if (link !== undefined) {
        const decoder = new StreamDecoder(link.beginning.decoder, feed, (kind, at) => {
          if (!this.#told.has(kind))
            context.notice(`${this.name}: ${kind}, the first at byte ${at}`)
          this.#told.add(kind)
        })
        const lost = await follow(this.name, link, decoder, context, () => backoff.reset())
        await link.bytes[Symbol.asyncDispose]()
        // A pipe that is closed is the end; a socket may come back.
        if (signal.aborted || this.spec === '-') return
        feed.fault('reconnect')
        context.state('lost')
        context.notice(`lost ${this.name} (${lost}); trying again`)
      }
      await pause(clock, backoff.next(), signal)
    }
  }

  async abandon(): Promise<void> {
    await this.#link?.bytes[Symbol.asyncDispose]()
    this.#link = undefined
  }

  async #again({ signal, notice }: CameraContext): Promise<Link | undefined> {
    const { width, height } = this.geometry
    try {
      const link = await openLink(this.spec, { ...this.options, geometry: this.geometry, signal })
      const now = link.beginning.geometry!
      if (now.width === width && now.height === height) return link
      await link.bytes[Symbol.asyncDispose]()
      throw new SaccadeError(
        'ERR_FORMAT',
        `${this.name} came back with a sensor of ${now.width}x${now.height} instead of ${width}x${height}`,
        'start again',
      )
    } catch (error) {
      if (signal.aborted || isAbsence(error)) return undefined
      notice((error as Error).message)
      throw error
    }
  }
}

/** Feeds until the stream ends or breaks (resolves with the reason) or the signal fires. */
async function follow(
  name: string,
  { bytes, beginning }: Link,
  decoder: StreamDecoder,
  context: CameraContext,
  alive: () => void,
): Promise<string> {
  const { feed, signal } = context
  const { closing, dataEnd = Number.POSITIVE_INFINITY } = beginning
  const chunk = new Uint8Array(CHUNK_BYTES)
  const watch = new CameraWatch(name, context)
  const stop = () => void bytes[Symbol.asyncDispose]()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  beginning.decoder.restart(beginning.dataStart)
  feed.start(decoder)
  try {
    for (let skip = beginning.dataStart; ; ) {
      const got = await bytes.read(chunk, skip > 0 ? Math.min(skip, CHUNK_BYTES) : CHUNK_BYTES)
      if (got === 0) {
        if (closing !== undefined && !signal.aborted) feed.push(closing)
        return 'it has ended'
      }
      watch.heard()
      if (skip > 0) skip -= got
      else {
        // What follows the events is none of them.
        const events = got - Math.max(0, bytes.position - dataEnd)
        if (events > 0 && feed.push(chunk.subarray(0, events)) > 0) alive()
      }
      // The timers must have their turn, however fast it sends.
      await new Promise((resolve) => setImmediate(resolve))
    }
  } catch (error) {
    return (error as Error).message
  } finally {
    watch.stop()
    signal.removeEventListener('abort', stop)
    // Of a record that the end has cut; a stop may come anywhere.
    const { held, unsaved = 0 } = beginning.decoder
    if (!signal.aborted) feed.fault('trailing_bytes', Math.max(held, unsaved))
    feed.pause()
  }
}
