// A pickle machine that cannot run anything. Classes and functions that a file names are inert records; what it "calls"
// becomes a record of the call. Only what a tensor needs has a meaning (torch's two rebuild functions, storages, ordered
// dictionaries). Every operation costs the file at least one byte, so its size bounds the work; objects and memo have limits of their own.
import { refuse } from '../onnx/values.js'

/** Something a file names: a class or a function. Never looked up. */
export class Global {
  constructor(readonly name: string) {}
}

/** An object of an unknown class: what it was made from, and the state that BUILD gave it. */
export class Inert {
  state: PickleValue = null
  constructor(
    readonly type: string,
    readonly args: PickleValue,
  ) {}
}

/** A persistent id: the name of a storage in the archive. */
export class StorageRef {
  constructor(
    /** torch's class: FloatStorage, HalfStorage, LongStorage, … */
    readonly type: string,
    readonly key: string,
    readonly elements: number,
  ) {}
}

/** A tensor as the file describes it; nothing of it is believed yet. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly size: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

export type PickleDict = Map<PickleValue, PickleValue>
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | PickleDict
  | Global
  | Inert
  | StorageRef
  | TensorRef

/** Checkpoints of the largest model have 1 MB of it. */
const LONGEST_PICKLE = 64 * 1024 * 1024
/** Open marks; torch nests by the depth of the module tree. */
const DEEPEST_MARK = 1000
/** Values made, and places in the memo: a byte of the file can be an empty dictionary of 210 bytes. */
const MOST_OBJECTS = 1_000_000

/** Runs a pickle of protocol 2. Throws ERR_MODEL sentences with the byte where it stopped making sense. */
export function unpickle(bytes: Uint8Array): PickleValue {
  if (bytes.length > LONGEST_PICKLE)
    throw refuse(`its pickle has ${bytes.length} bytes; ${LONGEST_PICKLE} are allowed`)
  return new Machine(bytes).run()
}

class Machine {
  readonly #bytes: Buffer
  readonly #memo = new Map<number, PickleValue>()
  /** What lies below each open mark. */
  readonly #below: PickleValue[][] = []
  #stack: PickleValue[] = []
  #at = 0
  #start = 0
  #objects = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  run(): PickleValue {
    for (;;) {
      this.#start = this.#at
      const code = this.#bytes[this.#take(1)]!
      if (code === 0x2e) {
        // STOP
        const result = this.#pop()
        if (this.#below.length > 0 || this.#stack.length > 0) throw this.#fail('leaves values over')
        return result
      }
      this.#step(code)
    }
  }

  #step(code: number): void {
    const made = this.#make(code)
    if (made === undefined) this.#act(code)
    else this.#push(made)
  }

  /** The value that an operation pushes; undefined for operations that push none. */
  #make(code: number): PickleValue | undefined {
    const bytes = this.#bytes
    switch (code) {
      case 0x7d: // EMPTY_DICT
        return new Map()
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        return []
      case 0x68: // BINGET
        return this.#recall(bytes[this.#take(1)]!)
      case 0x6a: // LONG_BINGET
        return this.#recall(bytes.readUInt32LE(this.#take(4)))
      case 0x58: // BINUNICODE
        return this.#text(bytes.readUInt32LE(this.#take(4)))
      case 0x4a: // BININT
        return bytes.readInt32LE(this.#take(4))
      case 0x4b: // BININT1
        return bytes[this.#take(1)]!
      case 0x4d: // BININT2
        return bytes.readUInt16LE(this.#take(2))
      case 0x8a: // LONG1
        return this.#long(bytes[this.#take(1)]!)
      case 0x47: // BINFLOAT
        return bytes.readDoubleBE(this.#take(8))
      case 0x4e: // NONE
        return null
      case 0x88: // NEWTRUE
        return true
      case 0x89: // NEWFALSE
        return false
      case 0x74: // TUPLE
        return this.#popMark()
      case 0x85: // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87:
        return this.#popSeveral(code - 0x84)
      case 0x63: // GLOBAL
        return new Global(`${this.#line()}.${this.#line()}`)
      case 0x81: // NEWOBJ
      case 0x52: {
        // REDUCE
        const args = this.#pop()
        return this.#call(this.#pop(), args)
      }
      case 0x51: // BINPERSID
        return this.#storage(this.#pop())
      default:
        return undefined
    }
  }

  #act(code: number): void {
    const bytes = this.#bytes
    switch (code) {
      case 0x80: // PROTO
        this.#checkProtocol(bytes[this.#take(1)]!)
        break
      case 0x28: // MARK
        if (this.#below.length >= DEEPEST_MARK) throw this.#fail('nests too deeply')
        this.#below.push(this.#stack)
        this.#stack = []
        break
      case 0x71: // BINPUT
        this.#remember(bytes[this.#take(1)]!)
        break
      case 0x72: // LONG_BINPUT
        this.#remember(bytes.readUInt32LE(this.#take(4)))
        break
      case 0x61: // APPEND
        this.#append(this.#popSeveral(1))
        break
      case 0x65: // APPENDS
        this.#append(this.#popMark())
        break
      case 0x73: // SETITEM
        this.#setItems(this.#popSeveral(2))
        break
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark())
        break
      case 0x62: // BUILD
        this.#build(this.#pop())
        break
      default:
        throw this.#fail(
          `has the operation 0x${code.toString(16).padStart(2, '0')}, which no checkpoint needs`,
        )
    }
  }

  #checkProtocol(protocol: number): void {
    if (protocol !== 2) throw this.#fail(`is of protocol ${protocol}; torch.save writes protocol 2`)
  }

  /** What a call gives. Nothing is called: all but four callables become records. */
  #call(callable: PickleValue, args: PickleValue): PickleValue {
    if (!(callable instanceof Global)) throw this.#fail('calls something that is no class')
    if (!Array.isArray(args))
      throw this.#fail(`calls ${callable.name} without a tuple of arguments`)
    switch (callable.name) {
      case 'collections.OrderedDict':
        if (args.length > 0) throw this.#fail('makes an OrderedDict from arguments')
        return new Map()
      case 'torch._utils._rebuild_tensor_v2':
        return this.#tensor(args)
      case 'torch._utils._rebuild_parameter':
        if (!(args[0] instanceof TensorRef)) throw this.#fail('makes a parameter from no tensor')
        return args[0]
      default:
        return new Inert(callable.name, args)
    }
  }

  #tensor([storage, offset, size, stride]: PickleValue[]): TensorRef {
    if (!(storage instanceof StorageRef)) throw this.#fail('makes a tensor from no storage')
    if (!isCount(offset) || !isCounts(size) || !isCounts(stride) || size.length !== stride.length)
      throw this.#fail(`makes a tensor of an impossible shape in storage "${storage.key}"`)
    if (size.length > 8) throw this.#fail(`makes a tensor of ${size.length} dimensions`)
    return new TensorRef(storage, offset, size, stride)
  }

  #storage(id: PickleValue): StorageRef {
    if (Array.isArray(id)) {
      const [kind, type, key, , elements] = id
      if (
        kind === 'storage' &&
        type instanceof Global &&
        type.name.startsWith('torch.') &&
        typeof key === 'string' &&
        isCount(elements)
      )
        return new StorageRef(type.name.slice('torch.'.length), key, elements)
    }
    throw this.#fail('has a persistent id that is no storage')
  }

  #build(state: PickleValue): void {
    const target = this.#stack.at(-1)
    // An OrderedDict gets attributes (`_metadata`), which say nothing about its contents.
    if (target instanceof Map) return
    if (!(target instanceof Inert)) throw this.#fail('gives a state to something that has none')
    target.state = state
  }

  #append(values: PickleValue[]): void {
    const target = this.#stack.at(-1)
    if (target instanceof Inert) return
    if (!Array.isArray(target)) throw this.#fail('appends to something that is no list')
    for (const value of values) target.push(value)
  }

  #setItems(values: PickleValue[]): void {
    const target = this.#stack.at(-1)
    if (values.length % 2 !== 0) throw this.#fail('sets a key without a value')
    if (target instanceof Inert) return
    if (!(target instanceof Map)) throw this.#fail('sets items of something that is no dictionary')
    for (let i = 0; i < values.length; i += 2) target.set(values[i]!, values[i + 1]!)
  }

  #push(value: PickleValue): void {
    this.#objects++
    if (this.#objects > MOST_OBJECTS) throw this.#fail(`makes more than ${MOST_OBJECTS} objects`)
    this.#stack.push(value)
  }

  #pop(): PickleValue {
    const value = this.#stack.pop()
    if (value === undefined) throw this.#fail('takes a value where there is none')
    return value
  }

  #popSeveral(count: number): PickleValue[] {
    const values: PickleValue[] = []
    for (let i = 0; i < count; i++) values.push(this.#pop())
    return values.reverse()
  }

  #popMark(): PickleValue[] {
    const below = this.#below.pop()
    if (below === undefined) throw this.#fail('goes back to a mark that it did not set')
    const values = this.#stack
    this.#stack = below
    return values
  }

  #remember(index: number): void {
    const value = this.#stack.at(-1)
    if (value === undefined) throw this.#fail('remembers a value where there is none')
    this.#memo.set(index, value)
    if (this.#memo.size > MOST_OBJECTS)
      throw this.#fail(`remembers more than ${MOST_OBJECTS} values`)
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.#fail(`recalls ${index}, which it has not remembered`)
    return value
  }

  #text(length: number): string {
    const at = this.#take(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  #long(length: number): number | bigint {
    const at = this.#take(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i]!)
    value = BigInt.asIntN(8 * length, value)
    const small = Number(value)
    return Number.isSafeInteger(small) ? small : value
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at)
    if (end < 0 || end - this.#at > 1000) throw this.#fail('names a class without end')
    const line = this.#text(end - this.#at)
    this.#take(1)
    return line
  }

  #take(count: number): number {
    const at = this.#at
    if (at + count > this.#bytes.length) throw this.#fail('is cut off')
    this.#at = at + count
    return at
  }

  #fail(what: string): Error {
    return refuse(`its pickle ${what} (byte ${this.#start})`)
  }
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount)
}
