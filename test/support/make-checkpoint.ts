// .pt files as torch writes them: a pickle of protocol 2 and its storages.
import { makeZip, type ZipEntry } from './make-zip.js'

/** A tensor to be stored; `half` as float16, `transposed` with swapped strides of its last two axes. */
export interface StoredTensor {
  shape: number[]
  data: Float32Array
  half?: boolean
  transposed?: boolean
}

/** A pickled object: NEWOBJ of a class, then BUILD. */
export class PickledObject {
  constructor(
    /** Module and class, "ultralytics.nn.tasks DetectionModel". */
    readonly type: string,
    readonly state: Record<string, unknown>,
  ) {}
}

/** Writes opcodes by name, for files that no pickler would write. */
export class PickleWriter {
  readonly #parts: Buffer[] = [Buffer.of(0x80, 2)]
  readonly storages: ZipEntry[] = []
  #memo = 0

  raw(...bytes: number[]): this {
    this.#parts.push(Buffer.from(bytes))
    return this
  }

  global(name: string): this {
    this.#parts.push(Buffer.from(`c${name.replace(' ', '\n')}\n`))
    return this
  }

  value(value: unknown): this {
    // Every value gets a place in the memo, as Python's pickler does it.
    this.#value(value)
    const put = Buffer.from([0x72, 0, 0, 0, 0])
    put.writeUInt32LE(this.#memo++, 1)
    this.#parts.push(put)
    return this
  }

  #value(value: unknown): void {
    if (value === null) this.raw(0x4e)
    else if (typeof value === 'boolean') this.raw(value ? 0x88 : 0x89)
    else if (typeof value === 'string') {
      const bytes = Buffer.from(value)
      this.#number(0x58, 4, bytes.length)
      this.#parts.push(bytes)
    } else if (typeof value === 'number' && Number.isInteger(value)) this.#number(0x4a, 4, value)
    else if (typeof value === 'number') {
      const bytes = Buffer.alloc(9, 0x47)
      bytes.writeDoubleBE(value, 1)
      this.#parts.push(bytes)
    } else if (Array.isArray(value)) {
      this.raw(0x28)
      for (const item of value) this.value(item)
      this.raw(0x74)
    } else if (value instanceof Map) {
      this.global('collections OrderedDict').raw(0x29, 0x52)
      this.#items([...value])
    } else if (value instanceof PickledObject) {
      this.global(value.type).raw(0x29, 0x81)
      this.#value(value.state)
      this.raw(0x62)
    } else if (isTensor(value)) this.#tensor(value)
    else {
      this.raw(0x7d)
      this.#items(Object.entries(value as object))
    }
  }

  #items(entries: [unknown, unknown][]): void {
    this.raw(0x28)
    for (const [key, item] of entries) this.value(key).value(item)
    this.raw(0x75)
  }

  #tensor({ shape, data, half = false, transposed = false }: StoredTensor): void {
    const key = String(this.storages.length)
    const stride = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1))
    let stored = data
    if (transposed) {
      const [rows, columns] = shape.slice(-2) as [number, number]
      stride.splice(-2, 2, 1, rows)
      stored = data.map((_, i) => {
        const [column, row] = [Math.floor(i / rows) % columns, i % rows]
        return data[i - (i % (rows * columns)) + row * columns + column]!
      })
    }
    const bytes = half ? Uint16Array.from(stored, halfBits) : stored
    this.storages.push([key, new Uint8Array(bytes.buffer)])
    this.global('torch._utils _rebuild_tensor_v2').raw(0x28, 0x28)
    this.value('storage').global(half ? 'torch HalfStorage' : 'torch FloatStorage')
    this.value(key).value('cuda:0').value(data.length).raw(0x74, 0x51)
    this.value(0).value(shape).value(stride).value(false).value(new Map()).raw(0x74, 0x52)
  }

  #number(code: number, width: number, value: number): void {
    const bytes = Buffer.alloc(1 + width, code)
    bytes.writeInt32LE(value, 1)
    this.#parts.push(bytes)
  }

  bytes(): Uint8Array {
    return Buffer.concat([...this.#parts, Buffer.of(0x2e)])
  }
}

/** A whole file. */
export function makeCheckpoint(value: unknown): Uint8Array {
  const pickle = new PickleWriter().value(value)
  return archive(pickle.bytes(), pickle.storages)
}

/** A file of a pickle and its storages. */
export function archive(pickle: Uint8Array, storages: readonly ZipEntry[] = []): Uint8Array {
  return makeZip([
    ['archive/data.pkl', pickle],
    ...storages.map(([key, data, lies]): ZipEntry => [`archive/data/${key}`, data, lies]),
    ['archive/version', Buffer.from('3\n')],
  ])
}

/** A module tree like ultralytics pickles, from state-dict names; `classOf` names the class of a module. */
export function moduleTree(
  tensors: ReadonlyMap<string, StoredTensor>,
  describe: (module: string) => { type: string; state?: Record<string, unknown> },
  extra: readonly string[] = [],
): PickledObject {
  const make = (name: string): PickledObject => {
    const prefix = name === '' ? '' : `${name}.`
    const parameters = new Map<string, StoredTensor>()
    const children = new Set<string>()
    for (const key of [...tensors.keys(), ...extra]) {
      if (!key.startsWith(prefix)) continue
      const [first, ...rest] = key.slice(prefix.length).split('.')
      if (rest.length > 0 || extra.includes(key)) children.add(first!)
      else parameters.set(first!, tensors.get(key)!)
    }
    const { type, state = {} } = describe(name)
    return new PickledObject(type, {
      training: false,
      _parameters: parameters,
      _buffers: new Map([['absent', null]]),
      _modules: new Map([...children].map((child) => [child, make(prefix + child)])),
      ...state,
    })
  }
  return make('')
}

function isTensor(value: unknown): value is StoredTensor {
  return typeof value === 'object' && value !== null && 'shape' in value && 'data' in value
}

/** Bits of a float16 that holds x exactly. */
function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0
  const size = Math.abs(x)
  if (size < 2 ** -14) return sign | (size * 2 ** 24)
  const exponent = Math.floor(Math.log2(size))
  return sign | ((exponent + 15) << 10) | (size * 2 ** (10 - exponent) - 1024)
}
