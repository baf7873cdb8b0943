// The network at work: spikes per layer and the share of the work that silence spared, counted while somebody looks on.
import type { Plan } from '../../detect/plan.js'
import type { RawDetections, Session, Trace } from '../../detect/session.js'
import { WORK_NUMBERS, type Work } from '../../detect/session.js'
import { neurons, noWork } from '../../detect/teacher.js'
import { SaccadeError } from '../../errors.js'
import { sizeOf } from '../../tensors/safetensors.js'
import { profileOf } from '../../trace/profile.js'
import type { FrameHeader, Hello } from './protocol.js'

/** A layer of neurons and the convolution that reads its spikes. */
interface WatchedLayer {
  name: string
  neurons: number
  levels: number
  /** Its place among the operators. */
  reader: number
}

/**
 * A session that counts while it is asked to. Results are those of the session behind it, byte by byte; counting costs a
 * tenth to a third of a run.
 */
export class WatchedSession implements Session {
  /** Set while somebody looks on. */
  counting = false
  readonly backend
  readonly plan: Plan
  readonly labels
  readonly isa
  readonly #layers: readonly WatchedLayer[]
  readonly #work: Work
  #last: FrameHeader['network']

  constructor(readonly session: Session) {
    this.backend = session.backend
    this.plan = session.plan
    this.labels = session.labels
    this.isa = session.isa
    this.#layers = session.measure === undefined ? [] : watchedLayers(session.plan)
    this.#work = noWork(session.plan)
  }

  /** What frames will tell of; empty where the backend does not count. */
  get layers(): Hello['layers'] {
    return this.#layers.map(({ name, neurons, levels }) => ({ name, neurons, levels }))
  }

  /** What the run before counted, once. */
  takeNetwork(): FrameHeader['network'] {
    const last = this.#last
    this.#last = undefined
    return last
  }

  async run(frames: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<RawDetections> {
    if (!this.counting || this.#layers.length === 0) return this.session.run(frames, options)
    const work = this.#work
    work.frames = 0
    work.numbers.fill(0)
    const found = await this.session.measure!(frames, work)
    if (options.signal?.aborted)
      throw new SaccadeError('ERR_ABORTED', 'the run was stopped by its signal')
    this.#last = {
      spikes: this.#layers.map(({ reader }) => work.numbers[WORK_NUMBERS * reader + 2]!),
      spared: 1 - profileOf(this.plan, work).totals.density,
    }
    return found
  }

  trace(frames: Uint8Array, options?: Parameters<Session['trace']>[1]): Promise<Trace> {
    return this.session.trace(frames, options)
  }

  close(): Promise<void> {
    return this.session.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function watchedLayers(plan: Plan): WatchedLayer[] {
  const spikes = new Map(plan.tensors.map((tensor) => [tensor.name, tensor.id]))
  return neurons(plan).flatMap(({ name, spikes: output, shape, levels }) => {
    const id = spikes.get(output)
    const reader = plan.ops.findIndex((op) => op.op === 'conv' && op.input === id)
    return reader < 0 ? [] : [{ name, neurons: sizeOf(shape), levels, reader }]
  })
}
