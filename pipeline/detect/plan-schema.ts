// The JSON of a plan file, as zod checks it. Parsing also puts the keys into the order below, so the same plan gives
// the same bytes however its object was built.
import { z } from 'zod'
import { modelFiltersSchema } from '../filters/registry.js'

const size = (max: number, min = 1) => z.int().min(min).max(max)
const name = z.string().min(1).max(1000)
const id = z.int().min(0).max(99_999)
const pair = (max: number) => z.tuple([size(max), size(max)])
const pad = z.tuple([size(255, 0), size(255, 0), size(255, 0), size(255, 0)])

const window = z.strictObject({
  kind: z.enum(['count', 'polarity-last', 'binary']),
  durationUs: size(2 ** 31 - 1),
  hopUs: size(2 ** 31 - 1).optional(),
  steps: size(64),
  bins: size(1024),
  clip: size(255),
  width: size(16_384),
  height: size(16_384),
  channels: size(1024),
  timeOrder: z.enum(['oldest-first', 'newest-first']),
  scale: z.number().positive().max(1e6),
  letterbox: z
    .strictObject({
      sensorWidth: size(16_384),
      sensorHeight: size(16_384),
      pad: size(255, 0),
    })
    .optional(),
  filters: modelFiltersSchema.optional(),
})

const tensor = z.strictObject({
  id,
  name,
  kind: z.enum(['input', 'spike', 'real']),
  channels: size(65_536),
  height: size(16_384),
  width: size(16_384),
  timed: z.boolean(),
})

const sliding = { kernel: pair(255), stride: pair(255), pad }

const op = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('conv'),
    name,
    input: id,
    output: id,
    ...sliding,
    groups: size(65_536),
    bits: z.union([z.literal(8), z.literal(16)]),
  }),
  z.strictObject({
    op: z.literal('realconv'),
    name,
    input: id,
    output: id,
    ...sliding,
    groups: size(65_536),
  }),
  z.strictObject({
    op: z.literal('neuron'),
    name,
    input: id,
    output: id,
    form: z.enum(['ilif', 'tau']),
    levels: size(255),
    constant: z.number().min(0).max(1e6),
  }),
  z.strictObject({ op: z.literal('add'), name, inputs: z.tuple([id, id]), output: id }),
  z.strictObject({ op: z.literal('upsample'), name, input: id, output: id, factor: size(64) }),
  z.strictObject({ op: z.literal('maxpool'), name, input: id, output: id, ...sliding }),
  z.strictObject({ op: z.literal('concat'), name, inputs: z.array(id).min(1).max(64), output: id }),
  z.strictObject({ op: z.literal('mean'), name, input: id, output: id }),
])

/** A plan without its weights. */
export const planSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(200),
  onnxSha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not a sha256 in hex'),
  exact: z.enum(['yes', 'no']),
  exactReason: z.string().max(10_000),
  window,
  head: z.strictObject({
    type: z.literal('dfl'),
    regMax: size(64, 2),
    strides: z.array(size(1024)).min(1).max(8),
    classes: z.array(z.string().min(1).max(100)).min(1).max(1000),
  }),
  detect: z.strictObject({
    score: z.number().min(0).max(1),
    iou: z.number().min(0).max(1),
    max: size(30_000),
    multiLabel: z.boolean(),
  }),
  card: z.record(z.string().max(100), z.string().max(10_000)),
  tensors: z.array(tensor).min(2).max(100_000),
  ops: z.array(op).min(1).max(50_000),
  outputs: z.array(id).min(1).max(8),
})
