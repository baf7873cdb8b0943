// The recording formats. A new one is a file with a RecordingFormat and a line here; the first that recognises wins.
import { aedat2Format } from './aedat2.js'
import { aedat4Format } from './aedat4.js'
import { csvFormat } from './csv.js'
import { datFormat } from './dat.js'
import { esFormat } from './es.js'
import { eventH5Format } from './event-h5.js'
import { evt2Format, evt3Format, evt21Format, evt21LegacyFormat } from './evt.js'
import { libcaerFormat } from './libcaer.js'
import { nmnistFormat } from './nmnist.js'
import { npyFormat } from './npy.js'
import { npzFormat } from './npy-columns.js'
import type { RecordingFormat } from './recording.js'

export const RECORDING_FORMATS: readonly RecordingFormat[] = [
  datFormat,
  evt3Format,
  evt2Format,
  evt21Format,
  evt21LegacyFormat,
  aedat4Format,
  aedat2Format,
  esFormat,
  npyFormat,
  npzFormat,
  eventH5Format,
  libcaerFormat,
  nmnistFormat,
  csvFormat,
]
