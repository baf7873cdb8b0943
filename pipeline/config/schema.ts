// The one configuration schema: `run` reads it from YAML, `SACCADE_…` variables and flags; `replay` from the latter two.
// The message of every leaf completes the sentence "<key> must be …".
import { z } from 'zod'
import { defaultModel } from '../detect/shipped.js'
import { MOST_FILTERS, parseFilter } from '../filters/registry.js'
import { SERVER_ADDRESS } from '../sinks/ndjson-server.js'
import { isStreamSpec, STREAM_SPECS } from '../sources/bytes.js'
import { CAMERA_FORMS, isCameraSpec } from '../sources/camera-registry.js'
import { isViewAddress, VIEW_ADDRESS } from '../view/live/address.js'

const text = (expected: string) => z.string(expected).min(1, expected)
const whole = (min: number, max: number) => {
  const expected = `a whole number from ${min} to ${max}`
  return z.int(expected).min(min, expected).max(max, expected)
}
const number = (min: number, max: number) => {
  const expected = `a number from ${min} to ${max}`
  return z.number(expected).min(min, expected).max(max, expected)
}
const oneOf = <const T extends string>(...names: T[]) => z.enum(names, `one of ${names.join(', ')}`)
const yesNo = z.boolean('true or false')

/** Marks a leaf whose value is a path: in a file it counts from the file's folder. */
const PATH = { path: true }
/** Marks a leaf that is never printed. */
const SECRET = { secret: true }
const filePath = text('a path').meta(PATH)

const time = z.union(
  [z.int().min(0), z.string().regex(/^\+?\d+(\.\d+)?\s*(us|µs|ms|s|min)$|^\d+$/)],
  'a time: an integer is absolute µs; 1.5s or +200ms count from the start',
)
const duration = z
  .string('a duration such as 10s or 50ms')
  .regex(/^\d+(\.\d+)?\s*(us|ms|s|min)$/, 'a duration such as 10s or 50ms')

const filterList = 'a list of filters such as refractory:50us and hot-pixels:200Hz:100ms, or none'
const filter = z
  .array(text(filterList).refine(isFilter, filterList), filterList)
  .min(1, filterList)
  .max(MOST_FILTERS, filterList)
  .refine((list) => list.length === 1 || !list.includes('none'), filterList)

function isFilter(text: string): boolean {
  if (text === 'none') return true
  try {
    parseFilter(text)
    return true
  } catch {
    return false
  }
}

const streamSpec = `a byte stream: ${STREAM_SPECS}`

const cameraSpec = `a camera: ${CAMERA_FORMS.join(', ')}`
const biasList = 'a list of biases such as bias_diff_on=20'

/** What is set on the camera; what its kind does not have is refused. */
const camera = z.strictObject({
  biases: z.array(z.string(biasList).regex(/^[\w.-]+=-?\d{1,10}$/, biasList), biasList).optional(),
  roi: z
    .string('x,y,width,height in pixels')
    .regex(/^\d{1,5},\d{1,5},\d{1,5},\d{1,5}$/, 'x,y,width,height in pixels')
    .optional(),
  rate: whole(1, 1_000_000_000).optional(),
})

const source = z.strictObject({
  recording: filePath.optional(),
  camera: z
    .string(cameraSpec)
    .refine((spec) => isCameraSpec(spec), cameraSpec)
    .optional(),
  edvs: text('a serial port, e.g. /dev/ttyUSB0').optional(),
  stream: z
    .string(streamSpec)
    .refine((spec) => isStreamSpec(spec), streamSpec)
    .optional(),
  baud: whole(1200, 12_000_000).optional(),
  format: text('the name of a recording format').optional(),
  geometry: z
    .string('a size such as 304x240')
    .regex(/^[1-9]\d{0,4}x[1-9]\d{0,4}$/, 'a size such as 304x240')
    .optional(),
  from: time.optional(),
  to: time.optional(),
  speed: number(0, 1000).optional(),
  loop: yesNo.optional(),
  filter: filter.optional(),
  sensor: filePath.optional(),
})

const model = z.strictObject({
  name: text('the name of a model or a path').meta(PATH).default(defaultModel),
  backend: oneOf('native', 'onnx').default('native'),
  threads: whole(1, 64).default(1),
  score: number(0, 1).optional(),
  iou: number(0, 1).optional(),
  max: whole(1, 1000).optional(),
  classes: z.array(text('a list of class names'), 'a list of class names').min(1).optional(),
})

const track = z.strictObject({
  enabled: yesNo.default(false),
  low: number(0, 1).optional(),
  birth: number(0, 1).optional(),
  overlap: number(0, 1).optional(),
  confirm: whole(1, 100).optional(),
  keep: duration.optional(),
})

const window = z.strictObject({
  hop: duration.optional(),
  fit: oneOf('scale', 'crop', 'none').optional(),
  roi: z
    .string('x,y,width,height in pixels')
    .regex(/^\d{1,5},\d{1,5},\d{1,5},\d{1,5}$/, 'x,y,width,height in pixels')
    .optional(),
})

const listenSpec = 'tcp://HOST:PORT or unix:/PATH'

const output = z.strictObject({
  file: filePath.optional(),
  record: filePath.optional(),
  serveEvents: z
    .string(listenSpec)
    .refine((spec) => spec !== '-' && isStreamSpec(spec), listenSpec)
    .optional(),
})

const mqtt = z.strictObject({
  url: z
    .string('mqtt://HOST[:PORT], or mqtts://, ws://, wss://')
    .regex(/^(mqtt|ws)s?:\/\/\S+$/, 'mqtt://HOST[:PORT], or mqtts://, ws://, wss://')
    .meta({ url: true })
    .optional(),
  device: text('a name').optional(),
  clientId: text('a name').optional(),
  username: text('a name').optional(),
  password: text('a password').meta(SECRET).optional(),
  passwordFile: filePath.optional(),
  ca: filePath.optional(),
  cert: filePath.optional(),
  key: filePath.optional(),
  servername: text('a name').optional(),
  insecure: yesNo.optional(),
  qos: z.union([z.literal(0), z.literal(1)], '0 or 1').optional(),
  keepalive: whole(1, 3600).optional(),
  homeAssistant: yesNo.optional(),
})

const serial = z.strictObject({
  port: text('a serial port, e.g. /dev/ttyUSB0').optional(),
  baud: whole(1200, 12_000_000).default(115_200),
})

const view = z.strictObject({
  listen: z.string(VIEW_ADDRESS).refine(isViewAddress, VIEW_ADDRESS).optional(),
  tokenFile: filePath.optional(),
})

const mavlink = z.strictObject({
  link: text('udp://HOST:PORT or a serial port, e.g. /dev/ttyUSB0:57600').optional(),
  system: whole(1, 255).optional(),
  component: whole(1, 255).optional(),
})

const rosbridge = z.strictObject({
  url: z
    .string('ws://HOST[:PORT] or wss://')
    .regex(/^wss?:\/\/\S+$/, 'ws://HOST[:PORT] or wss://')
    .meta({ url: true })
    .optional(),
  topic: z
    .string('a ROS topic such as /saccade/detections')
    .regex(/^\/?[A-Za-z]\w*(\/[A-Za-z]\w*)*$/, 'a ROS topic such as /saccade/detections')
    .optional(),
  frame: text('the name of a frame').optional(),
})

const server = z.strictObject({
  address: z
    .string(SERVER_ADDRESS)
    .regex(/^(unix:\/.+|tcp:\/\/\S*:\d{1,5})$/, SERVER_ADDRESS)
    .optional(),
})

const log = z.strictObject({
  level: oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent').default('info'),
  format: oneOf('auto', 'text', 'json').default('auto'),
})

const health = z.strictObject({
  every: duration.default('10s'),
})

/** The whole configuration; every section and key may be left out. */
export const configSchema = z.strictObject({
  source: source.prefault({}),
  camera: camera.prefault({}),
  model: model.prefault({}),
  window: window.prefault({}),
  track: track.prefault({}),
  output: output.prefault({}),
  mqtt: mqtt.prefault({}),
  serial: serial.prefault({}),
  mavlink: mavlink.prefault({}),
  rosbridge: rosbridge.prefault({}),
  server: server.prefault({}),
  view: view.prefault({}),
  health: health.prefault({}),
  log: log.prefault({}),
})

/** A checked configuration with its defaults filled in. */
export type Config = z.infer<typeof configSchema>

/** One setting: where it is, what it may be and how the environment calls it. */
export interface Setting {
  /** e.g. ["model", "threads"] */
  path: readonly [section: string, key: string]
  /** e.g. "SACCADE_MODEL_THREADS" */
  variable: string
  schema: z.ZodType
  /** What the value is made of, for reading it from text. */
  kind: 'text' | 'number' | 'boolean' | 'list'
  isPath: boolean
  isSecret: boolean
  isUrl: boolean
}

/** Every setting of the schema, in its order. */
export const settings: readonly Setting[] = Object.entries(configSchema.shape).flatMap(
  ([section, { def }]) =>
    Object.entries(def.innerType.shape).map(([key, schema]) => describe(section, key, schema)),
)

/** e.g. "model.threads" */
export function settingName(setting: Setting): string {
  return setting.path.join('.')
}

function describe(section: string, key: string, schema: z.ZodType): Setting {
  let inner = schema
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault)
    inner = inner.unwrap() as z.ZodType
  const meta = inner.meta() ?? {}
  return {
    path: [section, key],
    variable: `SACCADE_${section}_${key.replace(/[A-Z]/g, '_$&')}`.toUpperCase(),
    schema: inner,
    kind: kindOf(inner),
    isPath: meta.path === true,
    isSecret: meta.secret === true,
    isUrl: meta.url === true,
  }
}

function kindOf(schema: z.ZodType): Setting['kind'] {
  if (schema instanceof z.ZodNumber) return 'number'
  if (schema instanceof z.ZodUnion && schema.options[0] instanceof z.ZodLiteral) return 'number'
  if (schema instanceof z.ZodBoolean) return 'boolean'
  return schema instanceof z.ZodArray ? 'list' : 'text'
}
