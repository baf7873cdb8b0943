// Which camera recorded something: its serial number, as far as a header tells.

/**
 * Prophesee RAW has `serial_number`, AEDAT 4.0 the `source` of its events: "DVXplorer_DXB00010". Undefined where there is neither.
 * @example
 * cameraSerial(recording.header) // '00001497'
 */
export function cameraSerial(header: Readonly<Record<string, string>>): string | undefined {
  return header.serial_number?.trim() || header.source?.trim() || undefined
}
