// As much of FlatBuffers as AEDAT 4 needs: tables, vectors and strings in a size-prefixed buffer. Every offset is the file's,
// so each is checked before it is followed; what leads nowhere is undefined.

/** A table in a buffer. Fields that are absent, or beyond what its writer knew, have their default. */
export class FlatTable {
  private constructor(
    private readonly view: DataView,
    private readonly at: number,
    private readonly vtable: number,
    private readonly vtableBytes: number,
  ) {}

  /** The root of a size-prefixed buffer with this identifier; undefined when it is none. */
  static root(bytes: Uint8Array, identifier: string): FlatTable | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length < 12 || view.getUint32(0, true) + 4 > bytes.length) return undefined
    for (let i = 0; i < 4; i++) if (bytes[8 + i] !== identifier.charCodeAt(i)) return undefined
    return FlatTable.#tableAt(view, 4 + view.getUint32(4, true))
  }

  static #tableAt(view: DataView, at: number): FlatTable | undefined {
    if (at + 4 > view.byteLength) return undefined
    const vtable = at - view.getInt32(at, true)
    if (vtable < 0 || vtable + 4 > view.byteLength) return undefined
    const bytes = view.getUint16(vtable, true)
    return bytes >= 4 && vtable + bytes <= view.byteLength
      ? new FlatTable(view, at, vtable, bytes)
      : undefined
  }

  int8(field: number, otherwise = 0): number {
    const at = this.#place(field, 1)
    return at === undefined ? otherwise : this.view.getInt8(at)
  }

  int32(field: number, otherwise = 0): number {
    const at = this.#place(field, 4)
    return at === undefined ? otherwise : this.view.getInt32(at, true)
  }

  /** NaN beyond ±2^53. */
  int64(field: number, otherwise = 0): number {
    const at = this.#place(field, 8)
    if (at === undefined) return otherwise
    const value = Number(this.view.getBigInt64(at, true))
    return Number.isSafeInteger(value) ? value : Number.NaN
  }

  /** '' when there is none. */
  string(field: number): string {
    const span = this.vector(field, 1)
    if (span === undefined) return ''
    return Buffer.from(this.view.buffer, this.view.byteOffset + span.start, span.count).toString()
  }

  /** Where the elements of a vector lie, from the start of the buffer; undefined when there is none. */
  vector(field: number, elementBytes: number): { start: number; count: number } | undefined {
    const at = this.#place(field, 4)
    if (at === undefined) return undefined
    const head = at + this.view.getUint32(at, true)
    if (head + 4 > this.view.byteLength) return undefined
    const count = this.view.getUint32(head, true)
    const start = head + 4
    return start + count * elementBytes <= this.view.byteLength ? { start, count } : undefined
  }

  /** The tables of a vector of tables, as far as they are sound. */
  *tables(field: number): Generator<FlatTable> {
    const span = this.vector(field, 4)
    for (let i = 0; span !== undefined && i < span.count; i++) {
      const at = span.start + 4 * i
      const table = FlatTable.#tableAt(this.view, at + this.view.getUint32(at, true))
      if (table !== undefined) yield table
    }
  }

  #place(field: number, bytes: number): number | undefined {
    const entry = 4 + 2 * field
    if (entry + 2 > this.vtableBytes) return undefined
    const offset = this.view.getUint16(this.vtable + entry, true)
    const at = this.at + offset
    return offset !== 0 && at + bytes <= this.view.byteLength ? at : undefined
  }
}
