// The header of a .npy file: a Python dictionary literal that says of what type the numbers are and in which shape they lie.
import { SaccadeError } from '../errors.js'
import { type PythonLiteral, parsePythonLiteral } from './python-literal.js'

export const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
/** Headers in use have some 250 bytes. */
export const MAX_NPY_HEADER = 65_536
const MOST_AXES = 32

/** What the header says. */
export interface NpyHeader {
  /** The type of an element as NumPy writes it: a name, or a list or dictionary of fields. */
  descr: PythonLiteral | undefined
  /** The first axis runs fastest. */
  fortran: boolean
  shape: readonly number[]
  /** Offset of the first element. */
  dataStart: number
}

/** True when the bytes begin as NumPy's files do. */
export function isNpy(head: Uint8Array): boolean {
  return NPY_MAGIC.every((byte, i) => head[i] === byte)
}

/** Reads the header at the start of a file. Throws ERR_FORMAT or ERR_TRUNCATED. */
export function parseNpyHeader(head: Uint8Array, path: string): NpyHeader {
  const refuse = (why: string): never => {
    throw new SaccadeError('ERR_FORMAT', `${path} ${why}`)
  }
  const short = NPY_MAGIC.slice(0, head.length)
  if (!short.every((byte, i) => head[i] === byte))
    refuse('is no NumPy file: its first bytes differ')
  if (head.length < 12) throw truncated(path, head.length)
  const major = head[6]!
  if (major < 1 || major > 3) refuse(`is of NumPy format version ${major}; 1, 2 and 3 are known`)
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const textStart = major === 1 ? 10 : 12
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_NPY_HEADER) refuse(`claims a header of ${length} bytes`)
  if (textStart + length > head.length) throw truncated(path, head.length)
  const text = Buffer.from(head.subarray(textStart, textStart + length)).toString('utf8')
  const header = parsePythonLiteral(text)
  if (!(header instanceof Map)) return refuse('has a header that is no NumPy dictionary')
  const shape = header.get('shape')
  if (!Array.isArray(shape) || shape.length > MOST_AXES || !shape.every(isCount))
    return refuse('has a shape that is none')
  return {
    descr: header.get('descr'),
    fortran: header.get('fortran_order') === true,
    shape,
    dataStart: textStart + length,
  }
}

/** A number of elements. */
export function isCount(value: PythonLiteral | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function truncated(path: string, bytes: number): SaccadeError {
  return new SaccadeError(
    'ERR_TRUNCATED',
    `${path} ends inside its header, at byte ${bytes}`,
    'copy the file again',
  )
}
