// Label files of the automotive data sets (_bbox.npy, and _dt.npy for detections in the same records). Two layouts are in
// use and differ in order, width and padding: fields are taken by name. In memory a label is what both can say.
import { SaccadeError } from '../errors.js'
import { PartFile } from '../sinks/part-file.js'
import { openForReading, readAt } from './file.js'
import { MAX_NPY_HEADER } from './npy-header.js'
import { type FieldReader, parseRecordLayout, readerOf, recordHeader } from './npy-records.js'

/** A box at a time: what is there, or what was detected. */
export interface Label {
  /** Absolute µs. */
  t: number
  /** Top-left corner and size in sensor pixels; may reach past the frame. */
  x: number
  y: number
  w: number
  h: number
  /** Gen1: 0 car, 1 pedestrian. */
  classId: number
  /** 0..1; 1 where the file does not say. */
  confidence: number
  /** 0 where the file does not say. */
  trackId: number
}

type LabelKey = keyof Label

/** Names in use for each field; a field without a default (below) is required. */
const NAMES: Readonly<Record<LabelKey, readonly string[]>> = {
  t: ['t', 'ts'],
  x: ['x'],
  y: ['y'],
  w: ['w'],
  h: ['h'],
  classId: ['class_id'],
  confidence: ['confidence', 'class_confidence'],
  trackId: ['track_id'],
}
const DEFAULTS: Partial<Record<LabelKey, number>> = { confidence: 1, trackId: 0 }

/** A label file of an hour at 4 Hz has a few MB. */
const MAX_FILE_BYTES = 2 ** 28

/**
 * Reads a label file whole, in the file's order. Rejects with ERR_FORMAT, ERR_TRUNCATED, ERR_NOT_FOUND or ERR_IO.
 * @example
 * for (const { t, x, y, w, h, classId } of await readLabels('drive_bbox.npy')) console.log(t, classId, x, y, w, h)
 */
export async function readLabels(path: string): Promise<Label[]> {
  const { handle, size } = await openForReading(path)
  try {
    const refuse = (why: string) => new SaccadeError('ERR_FORMAT', `${path} ${why}`)
    const head = new Uint8Array(Math.min(size, MAX_NPY_HEADER + 12))
    await readAt(handle, path, head, head.length, 0)
    const { fields, recordBytes, count, dataStart } = parseRecordLayout(head, path)
    const places = Object.entries(NAMES).map(([key, names]) => {
      const found = names.map((name) => fields.get(name)).find((field) => field !== undefined)
      if (found === undefined && DEFAULTS[key as LabelKey] === undefined)
        throw refuse(`has no field "${names.join('" or "')}": it does not hold labels`)
      return [key as LabelKey, found && readerOf(found)] as const
    })
    const bytes = count * recordBytes
    if (bytes > MAX_FILE_BYTES)
      throw refuse(`claims ${count} labels; ${MAX_FILE_BYTES} bytes is the limit`)
    if (size - dataStart < bytes)
      throw new SaccadeError(
        'ERR_TRUNCATED',
        `${path} holds ${Math.floor((size - dataStart) / recordBytes)} of the ${count} labels that its header claims`,
        'copy the file again',
      )
    if (size - dataStart > bytes)
      throw refuse(
        `holds ${size - dataStart - bytes} bytes more than the ${count} labels of its header`,
      )
    const data = new Uint8Array(bytes)
    await readAt(handle, path, data, bytes, dataStart)
    const view = new DataView(data.buffer)
    return Array.from({ length: count }, (_, i) => {
      const label = labelAt(view, i * recordBytes, places)
      const wrong = Object.entries(label).find(([, value]) => !Number.isFinite(value))
      if (wrong !== undefined)
        throw refuse(`has no usable number in field "${wrong[0]}" of label ${i}`)
      return label
    })
  } finally {
    await handle.close()
  }
}

function labelAt(
  view: DataView,
  record: number,
  places: readonly (readonly [LabelKey, FieldReader | undefined])[],
): Label {
  const label: Label = { t: 0, x: 0, y: 0, w: 0, h: 0, classId: 0, confidence: 1, trackId: 0 }
  for (const [key, read] of places) if (read !== undefined) label[key] = read(view, record)
  return label
}

/** `gen1`: packed records of 33 bytes, as the Gen1 set is distributed. `new`: the 40 bytes of the 1 Mpx set and its toolbox. */
export type LabelLayout = 'gen1' | 'new'

/** In the order of the file: its name, type and the label's key; no key is padding. */
const LAYOUTS: Readonly<Record<LabelLayout, readonly (readonly [string, string, LabelKey?])[]>> = {
  gen1: [
    ['ts', '<u8', 't'],
    ['x', '<f4', 'x'],
    ['y', '<f4', 'y'],
    ['w', '<f4', 'w'],
    ['h', '<f4', 'h'],
    ['class_id', '|u1', 'classId'],
    ['confidence', '<f4', 'confidence'],
    ['track_id', '<u4', 'trackId'],
  ],
  new: [
    ['t', '<i8', 't'],
    ['x', '<f4', 'x'],
    ['y', '<f4', 'y'],
    ['w', '<f4', 'w'],
    ['h', '<f4', 'h'],
    ['class_id', '<u4', 'classId'],
    ['track_id', '<u4', 'trackId'],
    ['class_confidence', '<f4', 'confidence'],
    ['', '|V4'],
  ],
}

/** A label file that grows: FILE.part until `close`, which writes the count into the header. */
export class LabelWriter implements AsyncDisposable {
  #count = 0
  #open = true

  private constructor(
    private readonly file: PartFile,
    private readonly layout: LabelLayout,
  ) {}

  /** Begins a file. Rejects with ERR_IO. */
  static async create(path: string, layout: LabelLayout = 'gen1'): Promise<LabelWriter> {
    const writer = new LabelWriter(await PartFile.create(path), layout)
    await writer.file.append(writer.#header())
    return writer
  }

  /** Appends labels in the order given. Rejects with ERR_ARGUMENT for a value that the layout cannot hold. */
  async write(labels: readonly Label[]): Promise<void> {
    await this.file.append(Buffer.concat(labels.map((label) => record(label, this.layout))))
    this.#count += labels.length
  }

  /** Finishes the file and gives it its name. */
  async close(): Promise<void> {
    this.#open = false
    await this.file.overwriteStart(this.#header())
    await this.file.commit()
  }

  /** Without `close` before it: the file is given up and nothing of it stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await this.file.abandon(false)
  }

  #header(): Buffer {
    const descr = LAYOUTS[this.layout].map(([name, type]) => [name, type] as const)
    return recordHeader(descr, this.#count)
  }
}

/**
 * Writes a label file; half-written it never has its final name.
 * @example
 * await writeLabels('drive_bbox.npy', [{ t: 500_000, x: 118, y: 96, w: 43, h: 39, classId: 0, confidence: 1, trackId: 1 }])
 */
export async function writeLabels(
  path: string,
  labels: readonly Label[],
  layout: LabelLayout = 'gen1',
): Promise<void> {
  await using writer = await LabelWriter.create(path, layout)
  await writer.write(labels)
  await writer.close()
}

function record(label: Label, layout: LabelLayout): Buffer {
  const bytes = Buffer.alloc(layout === 'gen1' ? 33 : 40)
  let at = 0
  for (const [name, type, key] of LAYOUTS[layout]) {
    if (key === undefined) continue
    const value = label[key]
    const fits = type.includes('f')
      ? Number.isFinite(value)
      : Number.isSafeInteger(value) && value >= 0 && value < 256 ** Number(type[2])
    if (!fits)
      throw new SaccadeError(
        'ERR_ARGUMENT',
        `a label's ${key} of ${value} does not fit the field ${name} (${type})`,
      )
    at = put(bytes, at, type, value)
  }
  return bytes
}

function put(bytes: Buffer, at: number, type: string, value: number): number {
  switch (type) {
    case '|u1':
      return bytes.writeUInt8(value, at)
    case '<u4':
      return bytes.writeUInt32LE(value, at)
    case '<f4':
      return bytes.writeFloatLE(value, at)
    default:
      return bytes.writeBigUInt64LE(BigInt(value), at)
  }
}
