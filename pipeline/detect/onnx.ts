// The float oracle: the model's ONNX file on onnxruntime, behind the same Session. Boxes come from the same head decoding
// as the native backend's, so where a plan is exact both give the same bytes.
import { SaccadeError } from '../errors.js'
import { checkFrameSize, valueTooLarge } from './frame-check.js'
import { decodeHeads, pictureOf } from './native.js'
import type { DetectSpec, Plan } from './plan.js'
import { inputLimit } from './plan-check.js'
import type { RawDetections, Session, SessionOptions, Teacher, Trace } from './session.js'
import { resolveOptions } from './session-options.js'
import { checkTeacher, neurons } from './teacher.js'

/** What is used of onnxruntime-node: an optional dependency, so its types may not be there either. */
interface Runtime {
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => object
  InferenceSession: {
    create(model: Uint8Array, options: object): Promise<RuntimeSession>
  }
}
interface RuntimeSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(
    feeds: Record<string, object>,
    fetches: readonly string[],
  ): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>>
  release(): Promise<void>
}

/** The forms of an ONNX file that a session needs. */
export interface OnnxForms {
  /** With every neuron's output (and input, for `currents`) as outputs after its own. */
  traced: Uint8Array
  /** The same under a teacher (models/onnx/teach.ts), made when first needed. */
  taught?: () => Uint8Array
}

/**
 * Opens a session on onnxruntime.
 * @throws ERR_NOT_FOUND when onnxruntime-node is not installed, ERR_MODEL when it refuses the file, ERR_ARGUMENT
 */
export async function openOnnx(
  plan: Plan,
  { traced, taught }: OnnxForms,
  options: SessionOptions = {},
): Promise<Session> {
  const { threads, detect } = resolveOptions(plan, options)
  if (options.form !== undefined && options.form !== 'auto')
    throw new SaccadeError('ERR_ARGUMENT', 'the form of convolutions is set in the native backend')
  const runtime = await loadRuntime()
  const create = async (onnx: Uint8Array): Promise<RuntimeSession> => {
    try {
      return await runtime.InferenceSession.create(onnx, {
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
        logSeverityLevel: 3,
      })
    } catch (error) {
      throw new SaccadeError(
        'ERR_MODEL',
        `${plan.name}: onnxruntime refuses the ONNX file: ${(error as Error).message.split('\n')[0]}`,
        undefined,
        { cause: error },
      )
    }
  }
  const session = new OnnxSession(plan, detect, runtime, await create(traced), options.currents)
  if (taught) session.teach = () => create(taught())
  return session
}

async function loadRuntime(): Promise<Runtime> {
  // Not a literal, so that the compiler does not want the package's types.
  const name: string = 'onnxruntime-node'
  try {
    const module = (await import(name)) as Runtime & { default?: Runtime }
    return module.default ?? module
  } catch (error) {
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      `the onnx backend needs the package onnxruntime-node, which is not installed or does not load here (${(error as Error).message.split('\n')[0]})`,
      'npm install onnxruntime-node, or leave out --backend onnx',
      { cause: error },
    )
  }
}

class OnnxSession implements Session {
  readonly backend = 'onnx'
  readonly isa = 'onnxruntime'
  readonly labels: readonly string[]
  readonly #shape: number[]
  readonly #input: Float32Array
  readonly #neurons: ReturnType<typeof neurons>
  #last: Promise<unknown> = Promise.resolve()
  #closed = false
  /** Opens the network that takes a teacher's values. */
  teach: (() => Promise<RuntimeSession>) | undefined
  #taught: RuntimeSession | undefined

  constructor(
    readonly plan: Plan,
    readonly detect: DetectSpec,
    readonly runtime: Runtime,
    readonly session: RuntimeSession,
    readonly currents = false,
  ) {
    this.#neurons = neurons(plan)
    const { steps, channels, height, width } = plan.window
    this.labels = plan.head.classes
    this.#shape = [steps, channels, height, width]
    this.#input = new Float32Array(steps * channels * height * width)
  }

  run(frames: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<RawDetections> {
    return this.#next(async () => {
      throwIfAborted(options.signal)
      const { heads } = await this.#infer(this.session, frames, [])
      throwIfAborted(options.signal)
      const shapes = heads.map(({ shape }) => shape as [number, number, number])
      const maps = heads.map(({ data }) => data)
      return decodeHeads(maps, shapes, this.plan.head, this.detect, pictureOf(this.plan.window))
    })
  }

  trace(frames: Uint8Array, { teacher }: { teacher?: Teacher } = {}): Promise<Trace> {
    return this.#next(async () => {
      if (teacher === undefined) return this.#infer(this.session, frames, this.#neurons)
      checkTeacher(this.plan, teacher, this.currents)
      this.#taught ??= await this.teach!()
      return this.#infer(this.#taught, frames, this.#neurons, this.#feed(this.#taught, teacher))
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#last
    await this.session.release()
    await this.#taught?.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** One after the other: the input buffer is shared. */
  #next<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed)
      return Promise.reject(new SaccadeError('ERR_ARGUMENT', 'the session is closed'))
    const result = this.#last.then(task)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** The recorded values that a taught network reads. */
  #feed(taught: RuntimeSession, teacher: Teacher): Record<string, object> {
    const feeds: Record<string, object> = {}
    const wanted = new Set(taught.inputNames)
    for (const { name, spikes, current, shape } of this.#neurons) {
      const add = (value: string, data: Float32Array) => {
        const input = taughtInput(value)
        if (wanted.has(input)) feeds[input] = new this.runtime.Tensor('float32', data, shape)
      }
      add(spikes, Float32Array.from(teacher.spikes.get(name)!))
      add(current, teacher.currents.get(name)!)
    }
    return feeds
  }

  async #infer(
    session: RuntimeSession,
    frames: Uint8Array,
    traced: ReturnType<typeof neurons>,
    further: Record<string, object> = {},
  ): Promise<Trace> {
    const { plan } = this
    checkFrameSize(plan, frames)
    let largest = 0
    for (let i = 0; i < frames.length; i++) {
      largest = Math.max(largest, frames[i]!)
      this.#input[i] = frames[i]! * plan.window.scale
    }
    if (largest > inputLimit(plan.window)) throw valueTooLarge(plan)
    const names = session.outputNames.slice(0, plan.outputs.length)
    const feeds = {
      [session.inputNames[0]!]: new this.runtime.Tensor('float32', this.#input, this.#shape),
      ...further,
    }
    const values = traced.flatMap(({ spikes, current }) =>
      this.currents ? [spikes, current] : [spikes],
    )
    const results = await session.run(feeds, [...new Set([...names, ...values])])
    const heads = names.map((name, i) => {
      const { channels, height, width, name: tensor } = plan.tensors[plan.outputs[i]!]!
      return { name: tensor, shape: [channels, height, width], data: results[name]!.data }
    })
    const spikes: Trace['spikes'] = new Map()
    const currents = new Map<string, Float32Array>()
    for (const neuron of traced) {
      const { data, dims } = results[neuron.spikes]!
      spikes.set(neuron.name, { shape: [...dims], data: Uint8Array.from(data) })
      if (this.currents) currents.set(neuron.name, results[neuron.current]!.data)
    }
    return this.currents ? { spikes, currents, heads } : { spikes, heads }
  }
}

/** Name of the graph input that takes a recorded value's place in a taught network. */
export function taughtInput(value: string): string {
  return `${value}:taught`
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SaccadeError('ERR_ABORTED', 'stopped on request')
}
