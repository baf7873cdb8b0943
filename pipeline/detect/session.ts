// The interface of a running network, whatever computes it.
import type { Plan } from './plan.js'

/** Boxes of one frame in model pixels, before they are mapped to the sensor; those of polarity-last models may reach past the picture. */
export interface RawDetections {
  count: number
  /** f32 rows [x1, y1, x2, y2, score, class], sorted by score; valid until the next run. */
  rows: Float32Array
}

/** Every neuron's spikes and every head map of one frame: for exact comparison. */
export interface Trace {
  /** Layer name -> u8 [T, C, H, W]. */
  spikes: Map<string, { shape: number[]; data: Uint8Array }>
  /** What entered each neuron, f32 of the same shape; in a session that was opened with `currents`. */
  currents?: Map<string, Float32Array>
  /** f32 [C, H, W] per output, in the order of strides. */
  heads: { name: string; shape: number[]; data: Float32Array }[]
}

/**
 * Recorded values of every neuron, by layer name, [T, C, H, W]. In a run under a teacher each layer is computed from these
 * instead of from what the layers before it gave, so an error stays in its layer.
 */
export interface Teacher {
  spikes: ReadonlyMap<string, Uint8Array>
  currents: ReadonlyMap<string, Float32Array>
}

/** Length of `Work.numbers` per operator. */
export const WORK_NUMBERS = 5

/**
 * How convolutions on u8 are computed; every form gives the same bytes. `auto` picks per layer and frame by the density of its
 * input. `dense` multiplies everything, `sparse` walks lists of what is not 0 wherever a layer has such a form, `binary` adds
 * one weight per spike, D times per time step: slow, what event-driven hardware would do.
 */
export type Form = 'auto' | 'dense' | 'sparse' | 'binary'

/** What the operators of a plan cost, in its order; frames add up. */
export interface Work {
  frames: number
  /**
   * WORK_NUMBERS per operator: ns (of fused operators at the convolution that leads them); and of a convolution on u8: input
   * values that are not 0, their sum, synaptic operations (0 on the first layer), and the share of its rows in which its sparse
   * form ran.
   */
  numbers: Float64Array
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
  /** Keeps what enters each neuron, so that trace() returns it and takes a teacher; costs memory. */
  currents?: boolean
  /** native: the form of convolutions; default `auto`. */
  form?: Form
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
  /**
   * Runs one frame and returns all spikes and head maps. Adds to `work` what it cost (native only).
   * @throws ERR_ARGUMENT for a teacher in a session without `currents`, or one that does not fit the plan
   */
  trace(frames: Uint8Array, options?: { teacher?: Teacher; work?: Work }): Promise<Trace>
  /** Runs one frame only to add to `work` what it cost (native only). */
  measure?(frames: Uint8Array, work: Work): Promise<RawDetections>
  close(): Promise<void>
}
