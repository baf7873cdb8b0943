// The float oracle: the model's ONNX file on onnxruntime, behind the same Session. Boxes come from the same head decoding
// as the native backend's, so where a plan is exact both give the same bytes.
import { SaccadeError } from '../errors.js'
import { decodeHeads } from './native.js'
import type { DetectSpec, Plan } from './plan.js'
import type { RawDetections, Session, SessionOptions, Trace } from './session.js'
import { resolveOptions } from './session-options.js'

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

/**
 * Opens a session on onnxruntime.
 * @param onnx bytes of the ONNX file whose graph has every neuron's output as an output after its own
 * @throws ERR_NOT_FOUND when onnxruntime-node is not installed, ERR_MODEL when it refuses the file, ERR_ARGUMENT
 */
export async function openOnnx(
  plan: Plan,
  onnx: Uint8Array,
  options: SessionOptions = {},
): Promise<Session> {
  const { threads, detect } = resolveOptions(plan, options)
  const runtime = await loadRuntime()
  let session: RuntimeSession
  try {
    session = await runtime.InferenceSession.create(onnx, {
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
  return new OnnxSession(plan, detect, runtime, session)
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
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(
    readonly plan: Plan,
    readonly detect: DetectSpec,
    readonly runtime: Runtime,
    readonly session: RuntimeSession,
  ) {
    const { steps, channels, height, width } = plan.window
    this.labels = plan.head.classes
    this.#shape = [steps, channels, height, width]
    this.#input = new Float32Array(steps * channels * height * width)
  }

  run(frames: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<RawDetections> {
    return this.#next(async () => {
      throwIfAborted(options.signal)
      const { heads } = await this.#infer(frames, [])
      throwIfAborted(options.signal)
      const shapes = heads.map(({ shape }) => shape as [number, number, number])
      const maps = heads.map(({ data }) => data)
      return decodeHeads(maps, shapes, this.plan.head, this.detect, this.plan.window)
    })
  }

  trace(frames: Uint8Array): Promise<Trace> {
    const neurons = this.plan.ops.filter((op) => op.op === 'neuron')
    return this.#next(() => this.#infer(frames, neurons))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#last
    await this.session.release()
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

  async #infer(frames: Uint8Array, neurons: { name: string; output: number }[]): Promise<Trace> {
    const { plan } = this
    if (frames.length !== this.#input.length)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `a frame of ${plan.name} is ${this.#shape.join(' x ')} = ${this.#input.length} bytes, not ${frames.length}`,
      )
    for (let i = 0; i < frames.length; i++) this.#input[i] = frames[i]! * plan.window.scale
    const names = this.session.outputNames.slice(0, plan.outputs.length)
    const values = neurons.map((op) => plan.tensors[op.output]!.name)
    const feeds = {
      [this.session.inputNames[0]!]: new this.runtime.Tensor('float32', this.#input, this.#shape),
    }
    const results = await this.session.run(feeds, [...new Set([...names, ...values])])
    const heads = names.map((name, i) => {
      const { channels, height, width, name: tensor } = plan.tensors[plan.outputs[i]!]!
      return { name: tensor, shape: [channels, height, width], data: results[name]!.data }
    })
    const spikes: Trace['spikes'] = new Map()
    neurons.forEach((op, i) => {
      const { data, dims } = results[values[i]!]!
      spikes.set(op.name, { shape: [...dims], data: Uint8Array.from(data) })
    })
    return { spikes, heads }
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new SaccadeError('ERR_ABORTED', 'stopped on request')
}
