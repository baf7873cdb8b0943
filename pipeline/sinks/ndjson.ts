// One JSON object per line: a header, the sets, an end. docs/ndjson.md lists the fields.
import type { Writable } from 'node:stream'
import type { DetectionSet, RunHeader, RunSummary } from '../detect/detection.js'
import { SaccadeError } from '../errors.js'
import { PartFile } from './part-file.js'
import { endRecord, headerRecord, setRecord } from './record.js'
import type { Sink, SinkState } from './sink.js'

/**
 * Detections as NDJSON in a file: FILE.part while it grows, FILE when the run has ended. After a failed run FILE.part
 * stays if it holds sets.
 */
export class NdjsonFileSink implements Sink {
  readonly name: string
  readonly dropped = {}
  state: SinkState = 'connecting'
  #file: PartFile | undefined
  #sets = 0

  constructor(readonly path: string) {
    this.name = `ndjson:${path}`
  }

  async open(header: RunHeader): Promise<void> {
    const file = await PartFile.create(this.path)
    try {
      await file.append(`${headerRecord(header)}\n`)
    } catch (error) {
      await file.abandon(false)
      throw error
    }
    this.#file = file
    this.state = 'up'
  }

  async write(set: DetectionSet): Promise<boolean> {
    await this.#file!.append(`${setRecord(set)}\n`)
    this.#sets += 1
    return true
  }

  async close(summary: RunSummary | undefined): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.state = 'closed'
    if (file === undefined) return
    if (summary === undefined) return file.abandon(this.#sets > 0)
    await file.append(`${endRecord(summary)}\n`)
    await file.commit()
  }
}

/** Detections as NDJSON on a stream, by default stdout. A reader that has gone (EPIPE: `| head`) is a normal end. */
export class NdjsonStreamSink implements Sink {
  readonly dropped = { 'reader gone': 0 }
  state: SinkState = 'connecting'
  readonly #ended = new AbortController()
  readonly ended: AbortSignal = this.#ended.signal

  constructor(
    readonly stream: Writable = process.stdout,
    readonly name = 'stdout',
  ) {}

  async open(header: RunHeader): Promise<void> {
    // The stream reports EPIPE to the callback of the write and as an event; unheard, the event would end the process.
    this.stream.on('error', () => {})
    this.state = 'up'
    await this.#line(headerRecord(header))
  }

  async write(set: DetectionSet): Promise<boolean> {
    const written = await this.#line(setRecord(set))
    if (!written) this.dropped['reader gone'] += 1
    return written
  }

  async close(summary: RunSummary | undefined): Promise<void> {
    if (summary !== undefined) await this.#line(endRecord(summary))
    this.state = 'closed'
  }

  /** Resolves when the line has left this process. */
  #line(record: string): Promise<boolean> {
    if (this.ended.aborted) return Promise.resolve(false)
    return new Promise((resolve, reject) => {
      this.stream.write(`${record}\n`, (error) => {
        if (!error) return resolve(true)
        const code = (error as NodeJS.ErrnoException).code
        if (code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') {
          this.#ended.abort()
          return resolve(false)
        }
        reject(
          new SaccadeError('ERR_IO', `cannot write to ${this.name}: ${error.message}`, undefined, {
            cause: error,
          }),
        )
      })
    })
  }
}
