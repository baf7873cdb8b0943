// The flags that set a value of the configuration, shared by replay, run, detect and config.
import type { Command } from 'commander'
import { SaccadeError } from '../errors.js'
import { parseSerial } from '../sinks/serial.js'
import { isViewAddress, USUAL_VIEW } from '../view/live/address.js'

/** Flag -> setting; the option's name is commander's key. */
const FLAGS = {
  model: ['model.name', '--model <name>', 'name of a model (saccade models) or a path'],
  backend: ['model.backend', '--backend <name>', 'native or onnx (onnxruntime, the float oracle)'],
  threads: ['model.threads', '--threads <n>', 'kernel threads'],
  score: ['model.score', '--score <x>', 'smallest score, 0..1'],
  classes: ['model.classes', '--classes <list>', 'only these classes, e.g. car,person'],
  track: ['track.enabled', '--track', 'follow objects: each has a number from window to window'],
  camera: ['source.camera', '--camera <spec>', 'a camera, KIND:WHERE (docs/cameras.md)'],
  from: [
    'source.from',
    '--from <time>',
    'start: absolute µs, or 1.5s, +200ms from the first event',
  ],
  seek: ['source.from', '--seek <time>', 'the same as --from'],
  to: ['source.to', '--to <time>', 'end, exclusive'],
  speed: ['source.speed', '--speed <x>', '1 = as recorded, live policy; 0 = as fast as possible'],
  loop: ['source.loop', '--loop', 'start again at the end'],
  filter: [
    'source.filter',
    '--filter <list>',
    "instead of the model's own filters, e.g. refractory:50us,hot-pixels; or none",
  ],
  sensor: [
    'source.sensor',
    '--sensor <path>',
    'what calibrate-sensor measured of this camera, or a folder of such profiles by serial number',
  ],
  format: ['source.format', '--format <name>', 'format of a file without a header'],
  geometry: ['source.geometry', '--geometry <WxH>', 'sensor size, where the input does not say'],
  mqtt: ['mqtt.url', '--mqtt <url>', 'publish to a broker, e.g. mqtt://localhost'],
  serial: ['serial.port', '--serial <port[:baud]>', 'send to a serial port'],
  view: [
    'view.listen',
    '--view [host:port]',
    'serve the live page, on 127.0.0.1 and port 7117 unless told otherwise',
  ],
  mavlink: ['mavlink.link', '--mavlink <link>', 'to a drone: udp://HOST:PORT, or PORT[:baud]'],
  rosbridge: ['rosbridge.url', '--rosbridge <url>', 'to ROS 2, e.g. ws://localhost:9090'],
  server: ['server.address', '--server <address>', 'NDJSON for whoever connects: tcp://:7700'],
  record: ['output.record', '--record <file>', 'keep what comes in, e.g. kept.raw'],
  serveEvents: [
    'output.serveEvents',
    '--serve-events <address>',
    'serve events: tcp://HOST:PORT or unix:/PATH',
  ],
  output: ['output.file', '-o, --output <file>', 'write FILE.ndjson or FILE_dt.npy; - is stdout'],
} as const

/** Names of flags. */
export type Flag = keyof typeof FLAGS

/** The flags that tell how to read a recording. */
export const READER_FLAGS: readonly Flag[] = ['format', 'geometry']
/** The flags that tell which network runs and how. */
export const MODEL_FLAGS: readonly Flag[] = [
  'model',
  'backend',
  'threads',
  'score',
  'classes',
  'filter',
  'sensor',
]
/** The flags that only a service has. */
const SERVICE_FLAGS: readonly Flag[] = ['camera', 'record', 'serveEvents']
/** The flags of a service, and of a whole pipeline on a recording. */
export const RUN_FLAGS = Object.keys(FLAGS) as Flag[]
export const PIPELINE_FLAGS = RUN_FLAGS.filter((flag) => !SERVICE_FLAGS.includes(flag))

/** Adds flags to a command. */
export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const flag of flags) command.option(FLAGS[flag][1], FLAGS[flag][2])
  return command
}

/** What commander read, as values of settings; `flags` where a command has an option of the same name that is none. */
export function flagValues(
  options: Readonly<Record<string, unknown>>,
  flags: readonly Flag[] = RUN_FLAGS,
): Record<string, string | boolean> {
  const values: Record<string, string | boolean> = {}
  for (const flag of flags) {
    const [setting] = FLAGS[flag]
    const typed = options[flag]
    if (typeof typed === 'string' || typeof typed === 'boolean') values[setting] = typed
  }
  if (values['view.listen'] === true) values['view.listen'] = USUAL_VIEW
  splitPort(values)
  refusePassword(values['mqtt.url'])
  return values
}

/**
 * `--view FILE` means `--view` and the file: what is no address was not meant for the option.
 * @returns the file, and the options as they were meant
 */
export function takeFile<T extends object>(
  file: string | undefined,
  options: T,
): [string | undefined, T] {
  const { view } = options as { view?: unknown }
  if (file !== undefined || typeof view !== 'string' || isViewAddress(view)) return [file, options]
  return [view, { ...options, view: true }]
}

/** "/dev/ttyUSB0:921600" is a port and a baud rate. */
function splitPort(values: Record<string, string | boolean>): void {
  if (typeof values['serial.port'] !== 'string') return
  const { port, baud } = parseSerial(values['serial.port'])
  values['serial.port'] = port
  if (baud !== undefined) values['serial.baud'] = String(baud)
}

/** A command line is seen by every user of the machine. */
function refusePassword(url: string | boolean | undefined): void {
  if (typeof url !== 'string' || !/^\w+:\/\/[^/@]*:[^/]*@/.test(url)) return
  throw new SaccadeError(
    'ERR_ARGUMENT',
    '--mqtt holds a password, and command lines are readable by everyone on the machine',
    'put the password into a file and its path into SACCADE_MQTT_PASSWORD_FILE',
  )
}
