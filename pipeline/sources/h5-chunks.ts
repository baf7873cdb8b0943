// Where the chunks of a dataset lie in an HDF5 file: HDF5's library gives chunks unpacked only, and knows nothing of Prophesee's
// packing. Read as its own writers lay it out (the library's oldest and default layout): superblock 0 or 1, groups as symbol
// tables, one B-tree of chunks. Every address is the file's and is checked before it is followed.
import type { FileHandle } from 'node:fs/promises'
import { SaccadeError } from '../errors.js'
import { readAt } from './file.js'

const SUPERBLOCK_BYTES = 96
const HEADER_BYTES = 16
const ENTRY_BYTES = 40
const NODE_HEAD_BYTES = 24
const LAYOUT = 0x08
const SYMBOL_TABLE = 0x11
const CONTINUATION = 0x10
const MOST_DEPTH = 16
/** Of an object's header; a dataset's has some 500. */
const MOST_HEADER_BYTES = 2 ** 20
const MOST_HEADER_BLOCKS = 64
/** Children of a node, and of a symbol node, are counted in 16 bits; libraries write 64. */
const MOST_CHILDREN = 4096

/** A chunk as it lies in the file. */
export interface StoredChunk {
  offset: number
  bytes: number
  /** Bit i is set when the filter number i was left out. */
  filterMask: number
}

/** The chunks of a list (one axis), by the number of their first element. Rejects with ERR_FORMAT. */
export async function findChunks(
  handle: FileHandle,
  path: string,
  size: number,
  dataset: readonly string[],
): Promise<Map<number, StoredChunk>> {
  const file = new Layout(handle, path, size)
  let object = await file.root()
  for (const name of dataset) object = await file.member(object, name)
  return file.chunks(object)
}

class Layout {
  constructor(
    private readonly handle: FileHandle,
    private readonly path: string,
    private readonly size: number,
  ) {}

  /** Address of the root group's header. */
  async root(): Promise<number> {
    const block = await this.#read(0, SUPERBLOCK_BYTES)
    const version = block[8]!
    if (version > 1 || block[13] !== 8 || block[14] !== 8)
      throw this.#refuse(
        `is laid out in HDF5's way number ${version}, not as Prophesee's files are`,
      )
    // Version 1 has four bytes more before the addresses.
    const base = 24 + 4 * version
    if (address(block, base) !== 0) throw this.#refuse('does not begin at its first byte')
    return address(block, base + 40)
  }

  /** Address of the header of a group's member. */
  async member(group: number, name: string): Promise<number> {
    const table = (await this.#messages(group)).find(({ type }) => type === SYMBOL_TABLE)
    if (table === undefined || table.data.length < 16)
      throw this.#refuse(`keeps ${name} in a group that is no symbol table`)
    const heap = await this.#heap(address(table.data, 8))
    const found = await this.#search(address(table.data, 0), heap, name, MOST_DEPTH)
    if (found === undefined) throw this.#refuse(`has no ${name}`)
    return found
  }

  async chunks(object: number): Promise<Map<number, StoredChunk>> {
    const layout = (await this.#messages(object)).find(({ type }) => type === LAYOUT)?.data
    // Version 3, chunked, one axis and that of the element's bytes.
    if (
      layout === undefined ||
      layout.length < 11 ||
      layout[0] !== 3 ||
      layout[1] !== 2 ||
      layout[2] !== 2
    )
      throw this.#refuse('does not keep its events in chunks')
    const chunks = new Map<number, StoredChunk>()
    await this.#collect(address(layout, 3), chunks, undefined)
    return chunks
  }

  /** The messages of an object's header, in all its blocks. */
  async #messages(object: number): Promise<{ type: number; data: Buffer }[]> {
    const head = await this.#read(object, HEADER_BYTES)
    if (head[0] !== 1) throw this.#refuse(`has an object header of version ${head[0]}`)
    const blocks = [{ at: object + HEADER_BYTES, bytes: head.readUInt32LE(8) }]
    const messages: { type: number; data: Buffer }[] = []
    for (let i = 0; i < blocks.length; i++) {
      const { at, bytes } = blocks[i]!
      if (bytes > MOST_HEADER_BYTES || i >= MOST_HEADER_BLOCKS)
        throw this.#refuse(`claims an object header of ${bytes} bytes`)
      const block = await this.#read(at, bytes)
      for (let from = 0; from + 8 <= block.length; ) {
        const type = block.readUInt16LE(from)
        const to = from + 8 + block.readUInt16LE(from + 2)
        if (to > block.length) break
        const data = block.subarray(from + 8, to)
        if (type === CONTINUATION && data.length >= 16)
          blocks.push({ at: address(data, 0), bytes: address(data, 8) })
        else messages.push({ type, data })
        from = to
      }
    }
    return messages
  }

  async #heap(at: number): Promise<Buffer> {
    const head = await this.#read(at, 32)
    const bytes = address(head, 8)
    if (head.toString('latin1', 0, 4) !== 'HEAP' || bytes > MOST_HEADER_BYTES)
      throw this.#refuse('has a broken list of names')
    return this.#read(address(head, 24), bytes)
  }

  /** The header of the member with this name, below a node of a group's tree. */
  async #search(
    at: number,
    heap: Buffer,
    name: string,
    depth: number,
  ): Promise<number | undefined> {
    const { level, children } = await this.#node(at, 0, 8)
    if (level >= depth) throw this.#refuse('has a tree that does not end')
    for (const { child } of children) {
      const found =
        level > 0
          ? await this.#search(child, heap, name, level)
          : await this.#symbol(child, heap, name)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #symbol(at: number, heap: Buffer, name: string): Promise<number | undefined> {
    const head = await this.#read(at, 8)
    const count = head.readUInt16LE(6)
    if (head.toString('latin1', 0, 4) !== 'SNOD' || count > MOST_CHILDREN)
      throw this.#refuse('has a broken group')
    const entries = await this.#read(at + 8, count * ENTRY_BYTES)
    for (let entry = 0; entry < entries.length; entry += ENTRY_BYTES) {
      const from = address(entries, entry)
      const to = from + name.length
      if (to < heap.length && heap[to] === 0 && heap.toString('latin1', from, to) === name)
        return address(entries, entry + 8)
    }
    return undefined
  }

  async #collect(at: number, chunks: Map<number, StoredChunk>, above: number | undefined) {
    // The element's number, and 0 for its byte.
    const { level, children } = await this.#node(at, 1, 24)
    if (level >= (above ?? MOST_DEPTH)) throw this.#refuse('has a tree that does not end')
    for (const { key, child } of children)
      if (level > 0) await this.#collect(child, chunks, level)
      else {
        const bytes = key.readUInt32LE(0)
        const first = address(key, 8)
        if (child + bytes > this.size || chunks.has(first))
          throw this.#refuse(`has no chunk of ${bytes} bytes at byte ${child}`)
        chunks.set(first, { offset: child, bytes, filterMask: key.readUInt32LE(4) })
      }
  }

  async #node(at: number, type: number, keyBytes: number) {
    const head = await this.#read(at, NODE_HEAD_BYTES)
    const count = head.readUInt16LE(6)
    if (head.toString('latin1', 0, 4) !== 'TREE' || head[4] !== type || count > MOST_CHILDREN)
      throw this.#refuse('has a broken tree')
    const step = keyBytes + 8
    const body = await this.#read(at + NODE_HEAD_BYTES, count * step)
    const children = Array.from({ length: count }, (_, i) => ({
      key: body.subarray(i * step, i * step + keyBytes),
      child: address(body, i * step + keyBytes),
    }))
    return { level: head[5]!, children }
  }

  async #read(at: number, bytes: number): Promise<Buffer> {
    if (!(at >= 0 && bytes >= 0 && at + bytes <= this.size))
      throw this.#refuse(`points to byte ${at}, behind its end`)
    const block = Buffer.alloc(bytes)
    await readAt(this.handle, this.path, block, bytes, at)
    return block
  }

  #refuse(why: string): SaccadeError {
    return new SaccadeError('ERR_FORMAT', `${this.path} ${why}`)
  }
}

/** Beyond 2^53 it is a number that lies behind the end of any file. */
function address(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}
