// What is known of the shared recordings, from decoders that are not ours.
import { readFileSync } from 'node:fs'
import { sharedPath } from './shared.js'

/** An entry of recordings/expected.json, as far as tests use it. */
export interface Expected {
  width: number
  height: number
  events: number
  t_first: number
  t_last: number
  on_events: number
  x_max: number
  y_max: number
  monotonic: boolean
  digest: string
}

/** The entry of a shared recording, e.g. 'formats/es_dvs_320x240.es'. */
export function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(sharedPath('recordings/expected.json')!, 'utf8'))[name]
}
