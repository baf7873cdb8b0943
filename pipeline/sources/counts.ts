// What decoders in TypeScript count, as the native ones tell it.

/** Counts by kind, with the offset of the first of each. */
export class Counts {
  #kinds = new Map<string, { count: number; first: number }>()

  add(kind: string, position: number, count = 1): void {
    const known = this.#kinds.get(kind)
    if (known === undefined) this.#kinds.set(kind, { count, first: position })
    else known.count += count
  }

  /** [kind, count, offset of the first, kind, …] since the last call; undefined without any. */
  take(): (string | number)[] | undefined {
    if (this.#kinds.size === 0) return undefined
    const list = [...this.#kinds].flatMap(([kind, { count, first }]) => [kind, count, first])
    this.#kinds.clear()
    return list
  }
}
