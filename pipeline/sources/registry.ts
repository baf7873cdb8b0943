// The recording formats. A new one is a file with a RecordingFormat and a line here; the first that recognises wins.
import { datFormat } from './dat.js'
import { eventH5Format } from './event-h5.js'
import { evt2Format, evt3Format, evt21Format, evt21LegacyFormat } from './evt.js'
import type { RecordingFormat } from './recording.js'

export const RECORDING_FORMATS: readonly RecordingFormat[] = [
  datFormat,
  evt3Format,
  evt2Format,
  evt21Format,
  evt21LegacyFormat,
  eventH5Format,
]
