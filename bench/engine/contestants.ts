// Who runs against whom: the engine and onnxruntime behind one small interface, with inputs made ready before the clock runs.

import { openNative } from '../../pipeline/detect/native.js'
import type { Plan } from '../../pipeline/detect/plan.js'
import type { Trace } from '../../pipeline/detect/session.js'

/** Something that computes the head maps of a window. */
export interface Contestant {
  name: string
  /** How it is set, for the table's notes. */
  settings: string
  /** Runs window `index`; resolves when its results are in JavaScript's hands. */
  run(index: number): Promise<unknown>
  /** Head maps of window `index`, f32, in the order of the strides. */
  heads(index: number): Promise<Float32Array[]>
  close(): Promise<void>
}

type Typed = Float32Array | Uint8Array

/** What is used of onnxruntime-node. */
export interface Runtime {
  Tensor: new (type: string, data: Typed, dims: readonly number[]) => object
  InferenceSession: { create(model: Uint8Array, options: object): Promise<RuntimeSession> }
}
interface RuntimeSession {
  readonly inputNames: readonly string[]
  run(feeds: Record<string, object>): Promise<Record<string, { data: Float32Array }>>
  release(): Promise<void>
}

/** The installed onnxruntime-node; undefined where it is not installed. */
export async function loadOnnxRuntime(): Promise<Runtime | undefined> {
  // Not a literal: the package is optional, and so are its types.
  const name: string = 'onnxruntime-node'
  try {
    const module = (await import(name)) as Runtime & { default?: Runtime }
    return module.default ?? module
  } catch {
    return undefined
  }
}

/** saccade, as `model.open({ threads })` opens it. Its time includes the decoding of the heads and the suppression of boxes. */
export async function openOurs(
  name: string,
  plan: Plan,
  frames: readonly Uint8Array[],
  options: { threads: number; form?: 'auto' | 'dense' },
): Promise<Contestant> {
  const session = await openNative(plan, options)
  const heads = async (index: number) => {
    const trace: Trace = await session.trace(frames[index]!)
    return trace.heads.map(({ data }) => data.slice())
  }
  const settings = `${session.isa}; heads decoded to boxes, too`
  return {
    name,
    settings,
    run: (index) => session.run(frames[index]!),
    heads,
    close: () => session.close(),
  }
}

/** onnxruntime on a u8 or float network; all graph optimisations, sequential execution. */
export async function openOnnxRuntime(
  runtime: Runtime,
  name: string,
  onnx: Uint8Array,
  {
    plan,
    frames,
    threads,
    kind,
  }: { plan: Plan; frames: readonly Uint8Array[]; threads: number; kind: 'f32' | 'u8' },
): Promise<Contestant> {
  const session = await runtime.InferenceSession.create(onnx, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
  })
  const { steps, channels, height, width, scale } = plan.window
  const dims = [steps, channels, height, width]
  const feeds = frames.map((frame) => ({
    [session.inputNames[0]!]:
      kind === 'u8'
        ? new runtime.Tensor('uint8', frame, dims)
        : new runtime.Tensor(
            'float32',
            Float32Array.from(frame, (count) => count * scale),
            dims,
          ),
  }))
  return {
    name,
    settings: 'graphOptimizationLevel all, sequential, memory arena and pattern on',
    run: (index) => session.run(feeds[index]!),
    heads: async (index) =>
      Object.values(await session.run(feeds[index]!)).map(({ data }) => data.slice()),
    close: () => session.release(),
  }
}

/** Ranges of all float values of a network over the windows, for quantising them. */
export async function measureRanges(
  runtime: Runtime,
  onnx: Uint8Array,
  names: readonly string[],
  { plan, frames }: { plan: Plan; frames: readonly Uint8Array[] },
): Promise<Map<string, [number, number]>> {
  const { exposeValues } = await import('../../models/index.js')
  const session = await runtime.InferenceSession.create(exposeValues(onnx, names), {
    logSeverityLevel: 3,
  })
  const { steps, channels, height, width } = plan.window
  const ranges = new Map<string, [number, number]>()
  for (const frame of frames) {
    const feed = new runtime.Tensor('uint8', frame, [steps, channels, height, width])
    const results = await session.run({ [session.inputNames[0]!]: feed })
    for (const name of names) {
      let [low, high] = ranges.get(name) ?? [0, 0]
      const { data } = results[name]!
      for (let i = 0; i < data.length; i++) {
        if (data[i]! < low) low = data[i]!
        if (data[i]! > high) high = data[i]!
      }
      ranges.set(name, [low, high])
    }
  }
  await session.release()
  return ranges
}

/** How far two sets of head maps are apart. */
export interface Distance {
  values: number
  different: number
  largest: number
}

/** Compares head maps value by value. */
export function distance(a: readonly Float32Array[], b: readonly Float32Array[]): Distance {
  let [values, different, largest] = [0, 0, 0]
  for (const [i, map] of a.entries())
    for (const [j, value] of map.entries()) {
      values += 1
      const apart = Math.abs(value - b[i]![j]!)
      if (apart > 0) different += 1
      if (apart > largest) largest = apart
    }
  return { values, different, largest }
}
