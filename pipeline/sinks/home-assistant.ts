// What Home Assistant is told, so that a device shows up there by itself: MQTT discovery.
import type { RunHeader } from '../detect/detection.js'
import type { Broker } from './mqtt-options.js'

/** Where Home Assistant says that it has come up. */
export const DISCOVERY_STATUS = 'homeassistant/status'
/** An object counts as there so long after it was last seen. */
const OFF_DELAY_S = 2

/**
 * Retained messages: for each class a sensor of presence, and one that counts all objects; they hang on `status` of the
 * device and read `detections`.
 */
export function discoveryMessages(
  { prefix, device }: Pick<Broker, 'prefix' | 'device'>,
  { classes, model }: RunHeader,
): { topic: string; payload: string }[] {
  const node = `saccade_${plain(device)}`
  const shared = {
    state_topic: `${prefix}/detections`,
    availability_topic: `${prefix}/status`,
    device: { identifiers: [node], name: `saccade ${device}`, model: model.name },
    origin: { name: 'saccade' },
  }
  const entity = (component: string, object: string, config: object) => ({
    topic: `homeassistant/${component}/${node}/${object}/config`,
    payload: JSON.stringify({ ...config, unique_id: `${node}_${object}`, ...shared }),
  })
  const seen = (label: string) =>
    `{{ 'ON' if value_json.detections | selectattr('label', 'eq', ${JSON.stringify(label)}) | list else 'OFF' }}`
  return [
    ...classes.map((label) =>
      entity('binary_sensor', plain(label), {
        name: label,
        device_class: 'occupancy',
        value_template: seen(label),
        off_delay: OFF_DELAY_S,
      }),
    ),
    entity('sensor', 'objects', {
      name: 'objects',
      state_class: 'measurement',
      value_template: '{{ value_json.detections | length }}',
      expire_after: 30,
    }),
  ]
}

/** Ids of Home Assistant: letters, digits, - and _; what is none of these becomes its number, so that ids stay apart. */
function plain(name: string): string {
  return name.replace(/[^\w-]/gu, (letter) => `_${letter.codePointAt(0)!.toString(16)}_`)
}
