// Outputs by name: the key of a `sinks` entry in the configuration, or the flag of the command line.
import { SaccadeError } from '../errors.js'
import { DetectionsNpySink } from './detections-npy.js'
import { type MavlinkContext, type MavlinkOptions, MavlinkSink } from './mavlink.js'
import { type MqttContext, MqttSink } from './mqtt.js'
import type { MqttOptions } from './mqtt-options.js'
import { NdjsonFileSink, NdjsonStreamSink } from './ndjson.js'
import { NdjsonServerSink, type ServerContext } from './ndjson-server.js'
import { type RosbridgeContext, type RosbridgeOptions, RosbridgeSink } from './rosbridge.js'
import { parseSerial, type SerialContext, type SerialOptions, SerialSink } from './serial.js'
import type { Sink } from './sink.js'

/** Surroundings that a run gives to its sinks. */
export type SinkContext = MqttContext &
  SerialContext &
  MavlinkContext &
  RosbridgeContext &
  ServerContext

/** One output: exactly one key. Text is what the command line takes, an object what a configuration says. */
export type SinkSpec =
  | { file: string }
  | { stdout: true }
  | { mqtt: string | MqttOptions }
  | { serial: string | SerialOptions }
  | { mavlink: string | MavlinkOptions }
  | { rosbridge: string | RosbridgeOptions }
  | { server: string }

type Values<S> = S extends unknown ? { [K in keyof S]: S[K] } : never
type KindOf<S> = S extends unknown ? keyof S : never
type Kind = KindOf<SinkSpec>
type ValueOf<K extends Kind> = Extract<Values<SinkSpec>, Record<K, unknown>>[K]

/** One line per kind of sink. */
const SINKS: { [K in Kind]: (value: ValueOf<K>, context: SinkContext) => Sink } = {
  file: (path) => fileSink(path),
  stdout: () => new NdjsonStreamSink(),
  mqtt: (value, context) =>
    new MqttSink(typeof value === 'string' ? { url: value } : value, context),
  serial: (value, context) =>
    new SerialSink(typeof value === 'string' ? parseSerial(value) : value, context),
  mavlink: (value, context) =>
    new MavlinkSink(typeof value === 'string' ? { link: value } : value, context),
  rosbridge: (value, context) =>
    new RosbridgeSink(typeof value === 'string' ? { url: value } : value, context),
  server: (address, context) => new NdjsonServerSink(address, context),
}

/**
 * Makes a sink. Throws ERR_ARGUMENT, or ERR_NOT_FOUND for a secret or certificate that cannot be read.
 * @example
 * sinkFromSpec({ mqtt: 'mqtt://broker' }); sinkFromSpec({ serial: '/dev/ttyUSB0:921600' }); sinkFromSpec({ file: 'out.ndjson' })
 */
export function sinkFromSpec(spec: SinkSpec, context: SinkContext = {}): Sink {
  const [kind, value] = Object.entries(spec)[0] ?? []
  const make = SINKS[kind as Kind] as ((value: unknown, context: SinkContext) => Sink) | undefined
  if (make === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `there is no output "${kind}"`,
      `outputs are ${Object.keys(SINKS).join(', ')}`,
    )
  return make(value, context)
}

/** By its ending, and `-` for stdout. */
function fileSink(path: string): Sink {
  if (path === '-') return new NdjsonStreamSink()
  if (path.endsWith('.ndjson') || path.endsWith('.jsonl')) return new NdjsonFileSink(path)
  if (path.endsWith('_dt.npy')) return new DetectionsNpySink(path)
  throw new SaccadeError(
    'ERR_ARGUMENT',
    `the ending of ${path} names no output format`,
    'write FILE.ndjson, or - for stdout',
  )
}
