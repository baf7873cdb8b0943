// Where the bytes of a written recording go: a file that has its name only when it is whole, standard output, or a socket.
import { connect, type Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { SaccadeError } from '../errors.js'
import { PartFile } from '../sinks/part-file.js'
import { connectError, isStreamSpec, socketAddress } from './bytes.js'

/** Takes bytes in a row. PartFile is one. */
export interface ByteSink {
  /** For people: the path, "stdout" or the address. */
  readonly path: string
  /** Resolves when the next bytes may come. Rejects with ERR_IO. */
  append(data: string | Uint8Array): Promise<void>
  /** Writes over the first bytes: files only. */
  overwriteStart?(bytes: Uint8Array): Promise<void>
  /** The end: all bytes are there. */
  commit(): Promise<void>
  /** The end after a failure; what is half-written stays when `keep` is set. */
  abandon(keep: boolean): Promise<void>
}

/**
 * Opens a file, "-" (stdout), tcp://HOST:PORT or unix:PATH. Rejects with ERR_IO, ERR_CONNECT or ERR_ARGUMENT.
 * @param onReaderGone called when the reader of stdout has seen enough (`| head`), which then is no error
 */
export async function openSink(spec: string, onReaderGone?: () => void): Promise<ByteSink> {
  if (spec === '-') return new StreamSink('stdout', process.stdout, false, onReaderGone)
  if (!isStreamSpec(spec)) return PartFile.create(spec)
  const socket = connect(socketAddress(spec))
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', (cause) => reject(connectError(spec, cause)))
  })
  return new StreamSink(spec, socket, true)
}

/** Writes to a socket that is open. */
export function socketSink(name: string, socket: Socket): ByteSink {
  return new StreamSink(name, socket, true)
}

class StreamSink implements ByteSink {
  #failure: Error | undefined
  #readerGone = false

  constructor(
    readonly path: string,
    private readonly stream: Writable | Socket,
    private readonly closes: boolean,
    private readonly onReaderGone?: () => void,
  ) {
    stream.on('error', (error) => {
      this.#failure ??= error
    })
  }

  append(data: string | Uint8Array): Promise<void> {
    if (this.#readerGone) return Promise.resolve()
    // A copy, since it may wait in the stream while its buffer is filled anew.
    const bytes = Buffer.from(data)
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null) => {
        const cause = error ?? this.#failure
        if (cause && !this.#endsWell(cause)) reject(this.#broken(cause))
        else resolve()
      }
      this.stream.write(bytes, done)
    })
  }

  async commit(): Promise<void> {
    if (this.closes) await new Promise<void>((resolve) => this.stream.end(resolve))
    if (this.#failure !== undefined && !this.#endsWell(this.#failure))
      throw this.#broken(this.#failure)
  }

  async abandon(): Promise<void> {
    if (this.closes) this.stream.destroy()
  }

  /** Whether a failed write is none: nobody reads any more, and somebody wants to know that. */
  #endsWell({ code }: NodeJS.ErrnoException): boolean {
    if (code !== 'EPIPE' || this.onReaderGone === undefined) return false
    if (!this.#readerGone) this.onReaderGone()
    this.#readerGone = true
    return true
  }

  #broken(cause: Error): SaccadeError {
    return new SaccadeError('ERR_IO', `cannot write ${this.path}: ${cause.message}`, undefined, {
      cause,
    })
  }
}
