// The `saccade.*` entries of an ONNX file: what its input means and how its outputs become boxes. Unknown keys are
// refused: a misspelt "timeOrder" would give a network that runs and sees time backwards.
import { z } from 'zod'
import type { DetectSpec, HeadSpec } from '../../pipeline/detect/plan.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { modelFiltersSchema } from '../../pipeline/filters/registry.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'

const count = (max: number) => z.int().min(1).max(max)

const inputSchema = z.strictObject({
  window: z.enum(['count', 'polarity-last', 'binary']),
  duration_us: count(2 ** 31 - 1),
  hop_us: count(2 ** 31 - 1).optional(),
  bins: count(1024),
  steps: count(64).default(1),
  timeOrder: z.enum(['oldest-first', 'newest-first']).default('oldest-first'),
  clip: count(255).default(255),
  scale: z.number().positive().max(1e6).default(1),
  width: count(16384),
  height: count(16384),
  channels: z.union([z.array(z.string()).min(1).max(1024), count(1024)]),
  letterbox: z
    .strictObject({
      sensorWidth: count(16384),
      sensorHeight: count(16384),
      pad: z.int().min(0).max(255),
    })
    .optional(),
  filters: modelFiltersSchema.optional(),
})

const headSchema = z.strictObject({
  type: z.literal('dfl'),
  reg_max: z.int().min(2).max(64),
  strides: z.array(count(1024)).min(1).max(8),
  classes: z.array(z.string().min(1).max(100)).min(1).max(1000),
})

const detectSchema = z.strictObject({
  score: z.number().min(0).max(1).default(0.25),
  iou: z.number().min(0).max(1).default(0.7),
  max: count(30000).default(300),
  multiLabel: z.boolean().default(false),
})

const cardSchema = z.record(z.string().max(100), z.string().max(10_000))

/** Everything that the metadata says. */
export interface Metadata {
  window: WindowSpec
  head: HeadSpec
  detect: DetectSpec
  card: Record<string, string>
}

/** Reads and checks the entries. Throws ERR_MODEL sentences without the file's name. */
export function readMetadata(entries: readonly { key: string; value: string }[]): Metadata {
  const values = new Map(entries.map(({ key, value }) => [key, value]))
  if (!values.has('saccade.format'))
    throw new SaccadeError(
      'ERR_MODEL',
      'the ONNX file has no saccade.format among its metadata, so its input and outputs have no meaning',
      'export it with the metadata that docs/plan.md lists',
    )
  const format = values.get('saccade.format')
  if (format !== '1')
    throw new SaccadeError('ERR_MODEL', `saccade.format is "${format}"; this version knows "1"`)

  const window = windowOf(entry(values, 'saccade.input', inputSchema))
  const head = entry(values, 'saccade.head', headSchema)
  const detect = values.has('saccade.detect')
    ? entry(values, 'saccade.detect', detectSchema)
    : detectSchema.parse({})
  const card = values.has('saccade.card') ? entry(values, 'saccade.card', cardSchema) : {}
  return {
    window,
    head: {
      type: head.type,
      regMax: head.reg_max,
      strides: head.strides,
      classes: head.classes,
    },
    detect,
    card,
  }
}

function windowOf(input: z.infer<typeof inputSchema>): WindowSpec {
  if (input.bins % input.steps !== 0)
    throw new SaccadeError(
      'ERR_MODEL',
      `saccade.input: ${input.bins} bins do not divide into ${input.steps} steps`,
    )
  const channels = typeof input.channels === 'number' ? input.channels : input.channels.length
  const expected = input.window === 'polarity-last' ? 3 : (2 * input.bins) / input.steps
  if (channels !== expected)
    throw new SaccadeError(
      'ERR_MODEL',
      `saccade.input: a ${input.window} window of ${input.bins} bins in ${input.steps} steps has ${expected} channels, not ${channels}`,
    )
  if (Array.isArray(input.channels) && input.window !== 'polarity-last')
    checkChannelOrder(input.channels)
  return {
    kind: input.window,
    durationUs: input.duration_us,
    hopUs: input.hop_us ?? input.duration_us,
    steps: input.steps,
    bins: input.bins,
    clip: input.window === 'binary' ? 1 : input.clip,
    width: input.width,
    height: input.height,
    channels,
    timeOrder: input.timeOrder,
    scale: input.scale,
    ...(input.letterbox && { letterbox: input.letterbox }),
    ...(input.filters?.length && { filters: input.filters }),
  }
}

/** Names of the form t0n, t0p say an order; frames are built time-bin-major, negative first, and in no other way. */
function checkChannelOrder(names: readonly string[]): void {
  if (!names.every((name) => /^t\d+[np]$/.test(name))) return
  const wanted = names.map((_, i) => `t${i >> 1}${i % 2 === 0 ? 'n' : 'p'}`)
  if (names.join() !== wanted.join())
    throw new SaccadeError(
      'ERR_MODEL',
      `saccade.input: the channels are ${names.join(', ')}; frames have them as ${wanted.join(', ')}`,
    )
}

function entry<T>(values: Map<string, string>, key: string, schema: z.ZodType<T>): T {
  const text = values.get(key)
  if (text === undefined)
    throw new SaccadeError('ERR_MODEL', `the ONNX file has no ${key} among its metadata`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new SaccadeError('ERR_MODEL', `${key} is not JSON: ${(error as Error).message}`)
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const at = [key, ...issue.path.map(String)].join('.')
  throw new SaccadeError('ERR_MODEL', `${at}: ${issue.message}`)
}
