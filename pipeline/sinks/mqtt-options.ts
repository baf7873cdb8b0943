// What a user says about a broker, checked and turned into what the library wants. Secrets are read here and shown nowhere.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { IClientOptions } from 'mqtt'
import { SaccadeError } from '../errors.js'

/** The `mqtt` block of a configuration. */
export interface MqttOptions {
  /** mqtt://, mqtts://, ws:// or wss://; a user name may be in it. With mqtt and mqtts a path names the device. */
  url: string
  /** Topics lie under `saccade/<device>/`; by default the host's name. */
  device?: string
  /** By default `saccade-<host>-<device>`; two clients with one id throw each other out for ever. */
  clientId?: string
  username?: string
  /** Never on a command line, where everyone can read it. */
  password?: string
  /** File whose first line is the password. */
  passwordFile?: string
  /** PEM files: authorities to trust besides or instead of the system's, own certificate and key. */
  ca?: string
  cert?: string
  key?: string
  /** Name that the broker's certificate must carry, when it is not the host's. */
  servername?: string
  /** Accepts any certificate. Said at every start. */
  insecure?: boolean
  /** Quality of service of `detections`: by default 0 live (newest wins) and 1 in a replay (each is confirmed). */
  qos?: 0 | 1
  /** Seconds, default 15. */
  keepalive?: number
  /** Tells Home Assistant what there is, by its discovery; default false. */
  homeAssistant?: boolean
}

/** A broker as the sink uses it. */
export interface Broker {
  /** "host:port", for sentences. */
  readonly address: string
  readonly device: string
  readonly prefix: string
  readonly user: string | undefined
  readonly client: IClientOptions
  readonly insecure: boolean
}

const PORTS: Readonly<Record<string, number>> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 }
const DEVICE = /^[^/+#\0]{1,64}$/u

/**
 * Checks the options and reads the secrets: the password comes from the file that SACCADE_MQTT_PASSWORD_FILE names,
 * else from SACCADE_MQTT_PASSWORD, else from `passwordFile`, `password` or the URL. Throws ERR_ARGUMENT or ERR_NOT_FOUND.
 */
export function resolveBroker(options: MqttOptions, env: NodeJS.ProcessEnv): Broker {
  const url = parseUrl(options.url)
  const protocol = url.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss'
  const web = protocol === 'ws' || protocol === 'wss'
  const port = url.port === '' ? PORTS[protocol]! : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const path = decodeURIComponent(url.pathname.replace(/^\//, ''))
  const device = options.device ?? (web || path === '' ? hostname() : path)
  if (!DEVICE.test(device))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `"${device}" cannot name an MQTT device: 1 to 64 characters without / + #`,
    )
  const user =
    options.username ?? (url.username === '' ? undefined : decodeURIComponent(url.username))
  const insecure = options.insecure ?? false
  return {
    address: `${url.hostname}:${port}`,
    device,
    prefix: `saccade/${device}`,
    user,
    insecure,
    client: {
      protocol,
      hostname: host,
      port,
      ...(web ? { path: url.pathname } : {}),
      username: user,
      password: password(options, url, env),
      clientId: options.clientId ?? `saccade-${hostname()}-${device}`,
      keepalive: options.keepalive ?? 15,
      ca: pem(options.ca, 'ca'),
      cert: pem(options.cert, 'cert'),
      key: pem(options.key, 'key'),
      ...(options.servername === undefined ? {} : { servername: options.servername }),
      rejectUnauthorized: !insecure,
    },
  }
}

function parseUrl(text: string): URL {
  // What is wrong is shown without what may be secret in it.
  const shown = text.replace(/\/\/[^/]*@/, '//')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '' || PORTS[url.protocol.slice(0, -1)] === undefined)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `"${shown}" is not the URL of an MQTT broker`,
      'write mqtt://HOST[:PORT], or mqtts://, ws://, wss://',
    )
  return url
}

function password(options: MqttOptions, url: URL, env: NodeJS.ProcessEnv): string | undefined {
  const fromFile = (path: string) =>
    read(path, 'the password file').toString('utf8').split(/\r?\n/, 1)[0]
  if (env.SACCADE_MQTT_PASSWORD_FILE) return fromFile(env.SACCADE_MQTT_PASSWORD_FILE)
  if (env.SACCADE_MQTT_PASSWORD) return env.SACCADE_MQTT_PASSWORD
  if (options.passwordFile !== undefined) return fromFile(options.passwordFile)
  return options.password ?? (url.password === '' ? undefined : decodeURIComponent(url.password))
}

function pem(path: string | undefined, what: string): Buffer | undefined {
  return path === undefined ? undefined : read(path, `the ${what} file`)
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new SaccadeError(
      'ERR_NOT_FOUND',
      `${what} of the MQTT broker cannot be read: ${path} (${(cause as NodeJS.ErrnoException).code})`,
      undefined,
      { cause },
    )
  }
}
