// Recordings in HDF5: columns as RVT and DSEC have them (event-h5-columns.ts), or Prophesee's own packing (prophesee-h5.ts).
import { SaccadeError } from '../errors.js'
import { isGeometry } from '../events/geometry.js'
import type { Geometry } from '../events/packet.js'
import { ColumnRecording } from './column-recording.js'
import { H5Columns } from './event-h5-columns.js'
import { openForReading } from './file.js'
import { attempt, datasetOf, openH5 } from './h5-library.js'
import { EVENTS, PropheseeColumns } from './prophesee-h5.js'
import type { FileFormat, OpenOptions, Recording } from './recording.js'

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

/** The registry's entry for events in HDF5. */
export const eventH5Format: FileFormat = {
  name: 'h5',
  about: 'HDF5: columns as DSEC and RVT have them, or Prophesee ECF',
  recognises: (head) => SIGNATURE.every((byte, i) => head[i] === byte),
  open,
}

async function open(path: string, options: OpenOptions): Promise<Recording> {
  const { handle, size } = await openForReading(path)
  try {
    const file = await openH5(path)
    try {
      const isProphesee = attempt(path, () => datasetOf(file, EVENTS) !== undefined)
      const columns = isProphesee
        ? await PropheseeColumns.open({ path, handle, size, file }, options)
        : H5Columns.open(path, file, size, options)
      checkSensor(path, columns.geometry)
      if (!isProphesee) await handle.close()
      return new ColumnRecording(columns)
    } catch (error) {
      file.close()
      throw error
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function checkSensor(path: string, geometry: Geometry | undefined): void {
  if (geometry === undefined || isGeometry(geometry)) return
  throw new SaccadeError(
    'ERR_FORMAT',
    `${path} is of a sensor of ${geometry.width} x ${geometry.height} pixels, which is none`,
  )
}
