// Who belongs to whom: pairs of rows and columns with the largest sum of weights (shortest augmenting paths after Jonker
// and Volgenant, for rectangles). Used by the tracker and by the figures that judge it.

/**
 * Pairs each row with at most one column so that the weights of the pairs add up to the most; what weighs 0 or less is
 * left alone. Equal sums are decided by the order of rows and columns, the same on every machine. Keeps its buffers:
 * nothing is allocated once the largest problem has been seen.
 * @example
 * const assignment = new Assignment()
 * assignment.weights(2, 2).set([0.9, 0.8, 0.7, 0])
 * assignment.solve() // [1, 0]: 0.8 + 0.7 is more than 0.9
 */
export class Assignment {
  #rows = 0
  #columns = 0
  #weights = new Float64Array(0)
  #partners = new Int32Array(0)
  /** Of the problem with no more rows than columns: prices of rows and columns, and who holds whom. */
  #rowPrice = new Float64Array(0)
  #columnPrice = new Float64Array(0)
  #columnOf = new Int32Array(0)
  #rowOf = new Int32Array(0)
  /** Of the path that is searched: cost so far, where it came from, what it has passed. */
  #reach = new Float64Array(0)
  #via = new Int32Array(0)
  #passed = new Uint8Array(0)

  /** The weights of the next problem, row after row; zeros, to be filled. */
  weights(rows: number, columns: number): Float64Array {
    this.#rows = rows
    this.#columns = columns
    if (this.#weights.length < rows * columns) this.#weights = new Float64Array(2 * rows * columns)
    const weights = this.#weights.subarray(0, rows * columns)
    weights.fill(0)
    return weights
  }

  /** The column of each row, -1 for none; valid until the next call. */
  solve(): Int32Array {
    const [rows, columns] = [this.#rows, this.#columns]
    const flat = rows <= columns
    const few = flat ? rows : columns
    const many = flat ? columns : rows
    this.#reserve(few, many)
    for (let row = 0; row < few; row++)
      this.#augment(row, many, flat ? columns : 1, flat ? 1 : columns)
    const partners = this.#partners.subarray(0, rows).fill(-1)
    for (let row = 0; row < few; row++) {
      const column = this.#columnOf[row]!
      const [r, c] = flat ? [row, column] : [column, row]
      if (this.#weights[r * columns + c]! > 0) partners[r] = c
    }
    return partners
  }

  #reserve(few: number, many: number): void {
    if (this.#rowOf.length < many) {
      const size = 2 * many
      this.#partners = new Int32Array(size)
      this.#rowPrice = new Float64Array(size)
      this.#columnPrice = new Float64Array(size)
      this.#columnOf = new Int32Array(size)
      this.#rowOf = new Int32Array(size)
      this.#reach = new Float64Array(size)
      this.#via = new Int32Array(size)
      this.#passed = new Uint8Array(size)
    }
    this.#rowPrice.fill(0, 0, few)
    this.#columnPrice.fill(0, 0, many)
    this.#columnOf.fill(-1, 0, few)
    this.#rowOf.fill(-1, 0, many)
  }

  /** Finds a column for one more row, on the cheapest path over those that are held. */
  #augment(start: number, columns: number, rowStep: number, columnStep: number): void {
    const weights = this.#weights
    const reach = this.#reach
    const rowPrice = this.#rowPrice
    const columnPrice = this.#columnPrice
    const passed = this.#passed
    const rowOf = this.#rowOf
    reach.fill(Number.POSITIVE_INFINITY, 0, columns)
    passed.fill(0, 0, columns)
    let row = start
    let cost = 0
    let free = -1
    while (free < 0) {
      const base = cost - rowPrice[row]!
      let nearest = -1
      let low = Number.POSITIVE_INFINITY
      for (let column = 0; column < columns; column++) {
        if (passed[column] === 1) continue
        const weight = weights[row * rowStep + column * columnStep]!
        const through = base - Math.max(weight, 0) - columnPrice[column]!
        if (through < reach[column]!) {
          reach[column] = through
          this.#via[column] = row
        }
        const here = reach[column]!
        if (here < low || (here === low && rowOf[column]! < 0 && rowOf[nearest]! >= 0)) {
          low = here
          nearest = column
        }
      }
      cost = low
      passed[nearest] = 1
      if (rowOf[nearest]! < 0) free = nearest
      else row = rowOf[nearest]!
    }
    rowPrice[start]! += cost
    for (let column = 0; column < columns; column++) {
      if (passed[column] === 0) continue
      const left = cost - reach[column]!
      columnPrice[column]! -= left
      if (rowOf[column]! >= 0) rowPrice[rowOf[column]!]! += left
    }
    for (let column = free; ; ) {
      const holder = this.#via[column]!
      const before = this.#columnOf[holder]!
      rowOf[column] = holder
      this.#columnOf[holder] = column
      if (holder === start) return
      column = before
    }
  }
}
