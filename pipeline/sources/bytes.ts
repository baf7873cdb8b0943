// Where the bytes of a recording come from: a file, where one may go anywhere, or a pipe or socket, which only goes on.
import type { FileHandle } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { SaccadeError } from '../errors.js'
import { openForReading, readAt } from './file.js'

/**
 * Bytes in a row. One reader at a time.
 * @example
 * await using bytes = await openBytes('tcp://camera.local:5000')
 * const head = await bytes.peek(1024)
 * for (let got = 1; got > 0; ) got = await bytes.read(chunk, chunk.length)
 */
export interface ByteSource extends AsyncDisposable {
  /** For people: the path, "stdin" or the address. */
  readonly name: string
  /** Path of a file; undefined for a stream. */
  readonly path: string | undefined
  /** Bytes in all; undefined for a stream. */
  readonly size: number | undefined
  /** Modification time of a file, ms. */
  readonly mtimeMs: number | undefined
  /** Offset of the next byte that `read` gives. */
  readonly position: number
  /** True when `read` has given, or `peek` has seen, the last byte there is. */
  readonly ended: boolean
  /** False when `read` would have to wait for somebody else. */
  readonly ready: boolean
  /**
   * The first bytes, which `read` gives again: `length` of them, fewer when the input is shorter or (a stream) what comes
   * within a second of the first byte. Only before the first `read`.
   */
  peek(length: number): Promise<Uint8Array>
  /** Puts the next bytes at the front of `into`: at least one, at most `length`; 0 at the end. Rejects with ERR_IO. */
  read(into: Uint8Array, length: number): Promise<number>
  /** Goes to an offset; a file only. */
  seek(position: number): void
}

/** What `openBytes` takes beside paths, for help texts. */
export const STREAM_SPECS = '-, tcp://HOST:PORT or unix:PATH'

/** How long a look at the first bytes waits for more of them, from the first one on. */
const LOOK_MS = 1000

/** True for what is a stream and no path: "-", "tcp://host:port", "unix:/path". */
export function isStreamSpec(spec: string): boolean {
  return spec === '-' || /^(tcp:\/\/|unix:)/.test(spec)
}

/**
 * Opens a file, standard input ("-"), a TCP server (tcp://host:port) or a UNIX socket (unix:/path). Rejects with ERR_NOT_FOUND,
 * ERR_IO, ERR_CONNECT or ERR_ARGUMENT (an address that is none).
 */
export async function openBytes(spec: string, signal?: AbortSignal): Promise<ByteSource> {
  if (spec === '-') return new StreamBytes('stdin', process.stdin)
  if (isStreamSpec(spec)) return new StreamBytes(spec, await openSocket(spec, signal))
  const { handle, size, mtimeMs } = await openForReading(spec)
  return new FileBytes(spec, handle, size, mtimeMs)
}

/** Where a socket spec leads. Throws ERR_ARGUMENT. */
export function socketAddress(spec: string): { path: string } | { host: string; port: number } {
  const path = /^unix:(.+)$/.exec(spec)?.[1]
  if (path !== undefined) return { path }
  const [, host, port] = /^tcp:\/\/(\[[\da-fA-F:.]+\]|[^\s:/@]+):(\d{1,5})\/?$/.exec(spec) ?? []
  if (host !== undefined && Number(port) > 0 && Number(port) < 65_536)
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `"${spec}" is no address of a byte stream`,
    'write tcp://HOST:PORT or unix:/PATH',
  )
}

function openSocket(spec: string, signal?: AbortSignal): Promise<Readable> {
  const address = socketAddress(spec)
  return new Promise((resolve, reject) => {
    const socket = connect(address)
    const onAbort = () => {
      socket.destroy()
      reject(new SaccadeError('ERR_ABORTED', 'stopped on request'))
    }
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('connect', () => {
      signal?.removeEventListener('abort', onAbort)
      resolve(socket)
    })
    socket.once('error', (cause) => {
      signal?.removeEventListener('abort', onAbort)
      reject(connectError(spec, cause))
    })
  })
}

/** The sentence for an address that cannot be reached. */
export function connectError(spec: string, cause: NodeJS.ErrnoException): SaccadeError {
  const why = CONNECT_REASONS[cause.code ?? ''] ?? cause.message
  return new SaccadeError('ERR_CONNECT', `cannot reach ${spec}: ${why}`, undefined, { cause })
}

const CONNECT_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  ENOTFOUND: 'there is no such host',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to it',
  EACCES: 'permission denied',
}

class FileBytes implements ByteSource {
  position = 0
  readonly ready = true
  #peeked = 0

  constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    readonly size: number,
    readonly mtimeMs: number,
  ) {}

  get name(): string {
    return this.path
  }

  get ended(): boolean {
    return Math.max(this.position, this.#peeked) >= this.size
  }

  async peek(length: number): Promise<Uint8Array> {
    const head = new Uint8Array(Math.min(length, this.size))
    this.#peeked = await readAt(this.handle, this.path, head, head.length, 0)
    return head.subarray(0, this.#peeked)
  }

  async read(into: Uint8Array, length: number): Promise<number> {
    // What was added since the file was opened is not read: sizes that were promised hold.
    const wanted = Math.min(length, into.length, this.size - this.position)
    const got = wanted > 0 ? await readAt(this.handle, this.path, into, wanted, this.position) : 0
    this.position += got
    if (got < wanted)
      throw new SaccadeError(
        'ERR_IO',
        `${this.path} became shorter while it was read: it ends at byte ${this.position}`,
      )
    return got
  }

  seek(position: number): void {
    this.position = position
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close()
  }
}

/** A pipe or socket, read when it is asked: what is not read waits with the sender. */
class StreamBytes implements ByteSource {
  readonly path = undefined
  readonly size = undefined
  readonly mtimeMs = undefined
  position = 0
  #kept: Buffer[] = []
  #keptBytes = 0
  #closed = false
  #failure: unknown
  #wake = () => {}

  constructor(
    readonly name: string,
    private readonly stream: Readable,
  ) {
    stream.on('readable', () => this.#wake())
    for (const end of ['end', 'close'] as const)
      stream.on(end, () => {
        this.#closed = true
        this.#wake()
      })
    stream.on('error', (error) => {
      this.#failure ??= error
      this.#closed = true
      this.#wake()
    })
  }

  get ended(): boolean {
    return this.#closed && this.stream.readableLength === 0
  }

  get ready(): boolean {
    return this.#keptBytes > 0 || this.stream.readableLength > 0 || this.#closed
  }

  async peek(length: number): Promise<Uint8Array> {
    // A header comes at once, or with a pause behind it; a slow sender without one must not be waited for.
    if (this.#keptBytes === 0) await this.#take()
    const end = performance.now() + LOOK_MS
    for (let left = LOOK_MS; this.#keptBytes < length && left > 0; left = end - performance.now())
      if (!(await this.#take(left))) break
    return Buffer.concat(this.#kept).subarray(0, length)
  }

  async read(into: Uint8Array, length: number): Promise<number> {
    if (this.#keptBytes === 0 && !(await this.#take())) return 0
    const first = this.#kept[0]!
    const got = Math.min(first.length, length, into.length)
    into.set(first.subarray(0, got))
    if (got === first.length) this.#kept.shift()
    else this.#kept[0] = first.subarray(got)
    this.#keptBytes -= got
    this.position += got
    return got
  }

  seek(): void {
    throw new SaccadeError('ERR_ARGUMENT', `${this.name} is a stream, and only goes on`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.destroy()
  }

  /** Waits for the next bytes; false at the end, or when none came for `patienceMs` (0: for ever). */
  async #take(patienceMs = 0): Promise<boolean> {
    for (let late = false; ; ) {
      const bytes: Buffer | null = this.stream.read()
      if (bytes !== null && bytes.length > 0) {
        this.#kept.push(bytes)
        this.#keptBytes += bytes.length
        return true
      }
      if (this.#failure !== undefined) throw this.#broken(this.#failure)
      if (this.#closed || late) return false
      await new Promise<void>((resolve) => {
        // What had come when the time was over, and lies unread since this process was busy, is not late.
        const late = () => setImmediate(() => this.#wake())
        const timer = patienceMs > 0 ? setTimeout(late, patienceMs) : undefined
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      late = patienceMs > 0
    }
  }

  #broken(cause: unknown): SaccadeError {
    const { message } = cause as Error
    return new SaccadeError('ERR_IO', `cannot read ${this.name}: ${message}`, undefined, { cause })
  }
}
