// A session of the native engine: calls wait in line, the addon runs one at a time on its own thread.
import { SaccadeError } from '../errors.js'
import { sizeOf } from '../tensors/safetensors.js'
import { checkFrameSize, valueTooLarge } from './frame-check.js'
import type { Plan } from './plan.js'
import type { RawDetections, Session, Teacher, Trace, Work } from './session.js'
import { checkTeacher, neurons } from './teacher.js'

/** The `Session` object of native/addon/engine.cc. It reads and writes the arrays of `start` until `ondone`. */
export interface SessionHandle {
  start(frame: Uint8Array, rows: Float32Array, probe?: Probe): void
  abort(): void
  close(): void
  /** Head maps of the last run, f32 [C, H, W]. */
  heads(): Float32Array[]
  ondone: (outcome: Outcome, boxes: number) => void
  readonly memoryBytes: number
  readonly isa: string
}

/** Arrays of native/engine/probe.h; lists have one entry per operator. */
interface Probe {
  spikes?: (Uint8Array | undefined)[]
  currents?: (Float32Array | undefined)[]
  taughtSpikes?: (Uint8Array | undefined)[]
  taughtCurrents?: (Float32Array | undefined)[]
  work?: Float64Array
}

/** Order of `enum class Outcome` in native/engine/network.h. */
enum Outcome {
  Done,
  Aborted,
  FrameTooLarge,
}

/** A call that waits or is under way. */
interface Turn {
  frame: Uint8Array
  probe: Probe | undefined
  /** Called once, at the end or when the signal fires, whichever is first. */
  settle: ((result: RawDetections | SaccadeError) => void) | undefined
}

export class NativeSession implements Session {
  readonly backend = 'native'
  readonly isa: string
  readonly labels: readonly string[]
  readonly #handle: SessionHandle
  // Two, in turn: the rows of one run stay whole while the next one, already in line, is computed.
  readonly #rows: [Float32Array, Float32Array]
  readonly #waiting: Turn[] = []
  // Holds the frame: the engine reads it in place.
  #current: Turn | undefined
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(
    readonly plan: Plan,
    handle: SessionHandle,
    max: number,
    readonly currents = false,
  ) {
    this.#handle = handle
    this.#rows = [new Float32Array(max * 6), new Float32Array(max * 6)]
    this.labels = plan.head.classes
    this.isa = handle.isa
    handle.ondone = (outcome, boxes) => this.#finish(outcome, boxes)
  }

  /** Bytes of the engine's maps and packed weights. */
  get memoryBytes(): number {
    return this.#handle.memoryBytes
  }

  async run(frames: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<RawDetections> {
    return this.#enqueue(frames, undefined, options.signal)
  }

  async trace(
    frames: Uint8Array,
    { teacher, work }: { teacher?: Teacher; work?: Work } = {},
  ): Promise<Trace> {
    if (teacher) checkTeacher(this.plan, teacher, this.currents)
    const spikes: Trace['spikes'] = new Map()
    const currents = new Map<string, Float32Array>()
    for (const { name, shape } of neurons(this.plan)) {
      spikes.set(name, { shape, data: new Uint8Array(sizeOf(shape)) })
      if (this.currents) currents.set(name, new Float32Array(sizeOf(shape)))
    }
    const perOperator = <T>(of: (name: string) => T | undefined) =>
      this.plan.ops.map((op) => (op.op === 'neuron' ? of(op.name) : undefined))
    const probe: Probe = {
      spikes: perOperator((name) => spikes.get(name)?.data),
      ...(this.currents && { currents: perOperator((name) => currents.get(name)) }),
      ...(teacher && {
        taughtSpikes: perOperator((name) => teacher.spikes.get(name)),
        taughtCurrents: perOperator((name) => teacher.currents.get(name)),
      }),
      ...(work && { work: work.numbers }),
    }
    let maps: Float32Array[] = []
    await this.#enqueue(frames, probe, undefined, () => {
      maps = this.#handle.heads()
    })
    if (work) work.frames += 1
    const heads = this.plan.outputs.map((output, index) => {
      const { name, channels, height, width } = this.plan.tensors[output]!
      return { name, shape: [channels, height, width], data: maps[index]! }
    })
    return this.currents ? { spikes, currents, heads } : { spikes, heads }
  }

  async measure(frames: Uint8Array, work: Work): Promise<RawDetections> {
    const boxes = await this.#enqueue(frames, { work: work.numbers }, undefined)
    work.frames += 1
    return boxes
  }

  /** Waits for the runs in line, then frees memory and threads. */
  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      const end = () => {
        this.#handle.close()
        resolve()
      }
      if (this.#current) this.#onIdle = end
      else end()
    })
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #enqueue(
    frame: Uint8Array,
    probe: Turn['probe'],
    signal: AbortSignal | undefined,
    whenDone?: () => void,
  ): Promise<RawDetections> {
    if (this.#closing) throw new SaccadeError('ERR_ARGUMENT', 'the session is closed')
    checkFrameSize(this.plan, frame)
    if (signal?.aborted) throw aborted()
    return new Promise((resolve, reject) => {
      const turn: Turn = { frame, probe, settle: undefined }
      const onAbort = () => {
        const at = this.#waiting.indexOf(turn)
        if (at >= 0) this.#waiting.splice(at, 1)
        else this.#handle.abort()
        turn.settle?.(aborted())
      }
      turn.settle = (result) => {
        turn.settle = undefined
        signal?.removeEventListener('abort', onAbort)
        if (result instanceof SaccadeError) return reject(result)
        whenDone?.()
        resolve(result)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(turn)
      this.#next()
    })
  }

  #next(): void {
    if (this.#current) return
    this.#current = this.#waiting.shift()
    if (this.#current) {
      this.#rows.reverse()
      this.#handle.start(this.#current.frame, this.#rows[0], this.#current.probe)
    } else {
      this.#onIdle?.()
    }
  }

  #finish(outcome: Outcome, boxes: number): void {
    const settle = this.#current?.settle
    if (outcome === Outcome.Done) settle?.({ count: boxes, rows: this.#rows[0] })
    else if (outcome === Outcome.Aborted) settle?.(aborted())
    else settle?.(valueTooLarge(this.plan))
    this.#current = undefined
    this.#next()
  }
}

function aborted(): SaccadeError {
  return new SaccadeError('ERR_ABORTED', 'the run was stopped by its signal')
}
