// The interface of a running network, whatever computes it.
import type { Plan } from './plan.js'

/** Boxes of one frame in model pixels, before they are mapped to the sensor. */
export interface RawDetections {
  count: number
  /** f32 rows [x1, y1, x2, y2, score, class], sorted by score; valid until the next run. */
  rows: Float32Array
}

/** Every neuron's spikes and every head map of one frame: for exact comparison. */
export interface Trace {
  /** Layer name -> u8 [T, C, H, W]. */
  spikes: Map<string, { shape: number[]; data: Uint8Array }>
  /** f32 [C, H, W] per output, in the order of strides. */
  heads: { name: string; shape: number[]; data: Float32Array }[]
}

/** Options of `model.open`. */
export interface SessionOptions {
  backend?: 'native' | 'onnx'
  /** Kernel threads, the session's own worker included; default 1. */
  threads?: number
  /** Overrides of the model's detect settings. */
  score?: number
  iou?: number
  max?: number
}

/** A network with its memory and threads. One run at a time; a second call waits for the first. */
export interface Session extends AsyncDisposable {
  readonly backend: 'native' | 'onnx'
  readonly plan: Plan
  readonly labels: readonly string[]
  /** Instruction set in use, e.g. "avx2"; "onnxruntime" for the oracle. */
  readonly isa: string
  /**
   * Runs one u8 frame [T, C, H, W]; it is read in place, so do not transfer its buffer to another thread meanwhile. Rejects
   * with ERR_ABORTED when the signal fires before it is done.
   */
  run(frames: Uint8Array, options?: { signal?: AbortSignal }): Promise<RawDetections>
  /** Runs one frame and returns all spikes and head maps. */
  trace(frames: Uint8Array): Promise<Trace>
  close(): Promise<void>
}
