// What is known of the shared recordings, from decoders that are not ours.
import { readFileSync } from 'node:fs'
import type { RecordingDigest } from '../../pipeline/events/digest.js'
import { sharedPath } from './shared.js'

/** An entry of recordings/expected.json, as far as tests use it. */
export interface Expected {
  format: string
  /** null where the file does not say it. */
  width: number | null
  height: number | null
  events: number
  t_first: number
  t_last: number
  on_events: number
  x_max: number
  y_max: number
  monotonic: boolean
  digest: string
  triggers?: [number, number, number][]
}

/** The entry of a shared recording, e.g. 'formats/es_dvs_320x240.es'. */
export function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(sharedPath('recordings/expected.json')!, 'utf8'))[name]
}

/** What `digestRecording` must tell of it, besides its faults. */
export function expectedDigest(want: Expected): Omit<RecordingDigest, 'faults'> {
  return {
    events: want.events,
    tFirst: want.t_first,
    tLast: want.t_last,
    onEvents: want.on_events,
    xMax: want.x_max,
    yMax: want.y_max,
    digest: want.digest,
    monotonic: want.monotonic,
  }
}
