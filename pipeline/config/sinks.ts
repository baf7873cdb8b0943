// The outputs that a configuration asks for.
import type { MqttOptions } from '../sinks/mqtt-options.js'
import { type SinkContext, type SinkSpec, sinkFromSpec } from '../sinks/registry.js'
import type { Sink } from '../sinks/sink.js'
import type { Config } from './schema.js'

/** One spec for each section of outputs that names a target; none when there is none. */
export function sinkSpecs(config: Config): SinkSpec[] {
  const { file } = config.output
  const { url, password: _, passwordFile: __, ...mqtt } = config.mqtt
  const { port, baud } = config.serial
  const { link, ...vehicle } = config.mavlink
  const { url: bridge, ...ros } = config.rosbridge
  const { address } = config.server
  const specs: SinkSpec[] = []
  if (file !== undefined) specs.push({ file })
  if (url !== undefined) specs.push({ mqtt: { ...mqtt, url } satisfies MqttOptions })
  if (port !== undefined) specs.push({ serial: { port, baud } })
  if (link !== undefined) specs.push({ mavlink: { ...vehicle, link } })
  if (bridge !== undefined) specs.push({ rosbridge: { ...ros, url: bridge } })
  if (address !== undefined) specs.push({ server: address })
  return specs
}

/** Makes the sinks. Throws ERR_ARGUMENT, or ERR_NOT_FOUND for a secret or certificate that cannot be read. */
export function makeSinks(config: Config, context: SinkContext): Sink[] {
  // The sink takes its password from the environment; the configuration has already merged that.
  const env = {
    ...process.env,
    SACCADE_MQTT_PASSWORD: config.mqtt.password,
    SACCADE_MQTT_PASSWORD_FILE: config.mqtt.passwordFile,
  }
  return sinkSpecs(config).map((spec) => sinkFromSpec(spec, { ...context, env }))
}
