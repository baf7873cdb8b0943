// What the sensor looks at: log intensity per pixel, painted as polygons with exact area coverage. Exact coverage is the
// point: an edge that moves by a tenth of a pixel changes a pixel by a tenth of its contrast, and that is what makes a
// threshold crossing happen at the right microsecond instead of in bursts when a rounded edge jumps.

/** Polygons whose bounding box is smaller, in pixels, are left out: they would change no pixel by 2 % of their contrast. */
const LEAST_AREA = 0.02

/** Log intensity (natural, relative to asphalt) in row-major order; painting in order, last on top. */
export class LogCanvas {
  readonly level: Float32Array
  /** Who was painted last on at least half of the pixel; kept only while `tracking`. */
  readonly owner: Uint32Array
  tracking = false
  readonly #stride: number
  readonly #area: Float64Array
  /** Columns of each row that the polygon in hand touches. */
  readonly #from: Int32Array
  readonly #to: Int32Array

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.level = new Float32Array(width * height)
    this.owner = new Uint32Array(width * height)
    this.#stride = width + 2
    this.#area = new Float64Array(this.#stride * height)
    this.#from = new Int32Array(height)
    this.#to = new Int32Array(height)
  }

  /**
   * Fills a simple polygon given by its first n points. Coverage blends in the log domain, so that a sub-pixel edge
   * crosses evenly spaced thresholds evenly.
   */
  fill(xs: Float64Array, ys: Float64Array, n: number, level: number, owner: number): void {
    let top = ys[0]!
    let bottom = top
    let left = xs[0]!
    let right = left
    for (let i = 1; i < n; i++) {
      const x = xs[i]!
      const y = ys[i]!
      if (y < top) top = y
      else if (y > bottom) bottom = y
      if (x < left) left = x
      else if (x > right) right = x
    }
    if (top >= this.height || bottom <= 0 || left >= this.width || right <= 0) return
    if ((right - left) * (bottom - top) < LEAST_AREA) return
    const firstRow = Math.max(0, Math.floor(top))
    const lastRow = Math.min(this.height, Math.ceil(bottom))
    this.#from.fill(this.width, firstRow, lastRow)
    this.#to.fill(0, firstRow, lastRow)
    for (let i = 0, j = n - 1; i < n; j = i++) this.#edge(xs[j]!, ys[j]!, xs[i]!, ys[i]!)
    for (let y = firstRow; y < lastRow; y++) {
      this.#sweep(y, this.#from[y]!, this.#to[y]!, level, owner)
    }
  }

  /** Pixels that belong to an owner now. */
  owned(owner: number): number {
    let pixels = 0
    for (const other of this.owner) if (other === owner) pixels += 1
    return pixels
  }

  /** Turns the signed areas of a row into coverage, paints, and leaves the areas zero for the next polygon. */
  #sweep(y: number, from: number, to: number, level: number, owner: number): void {
    const area = this.#area
    const levels = this.level
    const owners = this.tracking ? this.owner : undefined
    const row = y * this.#stride
    const pixels = y * this.width
    let sum = 0
    let coverage = 0
    for (let x = from; x < to; x++) {
      const change = area[row + x]!
      if (change !== 0) {
        area[row + x] = 0
        sum += change
        coverage = sum < 0 ? -sum : sum
      }
      if (coverage < 0.002 || x >= this.width) continue
      const at = pixels + x
      if (coverage > 0.998) levels[at] = level
      else levels[at] = levels[at]! + (level - levels[at]!) * coverage
      if (owners !== undefined && coverage >= 0.5) owners[at] = owner
    }
  }

  /**
   * Adds the area to the right of one edge, signed by its direction. Where an edge leaves the picture sideways it is
   * bent along the rim, which changes nothing inside but the rim pixel of that row.
   */
  #edge(ax: number, ay: number, bx: number, by: number): void {
    if (ay === by) return
    const down = ay < by
    const x0 = down ? ax : bx
    const y0 = down ? ay : by
    const y1 = down ? by : ay
    if (y1 <= 0 || y0 >= this.height) return
    const slope = ((down ? bx : ax) - x0) / (y1 - y0)
    const sign = down ? 1 : -1
    const lastRow = y1 < this.height ? Math.ceil(y1) : this.height
    let y = y0 > 0 ? Math.floor(y0) : 0
    let from = Math.max(y0, 0)
    let x = x0 + (from - y0) * slope
    for (; y < lastRow; y++) {
      const to = Math.min(y + 1, y1)
      const next = x + (to - from) * slope
      this.#span(y, this.#inside(x), this.#inside(next), (to - from) * sign)
      x = next
      from = to
    }
  }

  #inside(x: number): number {
    return x < 0 ? 0 : Math.min(x, this.width)
  }

  /** One row of an edge, from x = a to x = b, `rise` rows high: where its area goes. */
  #span(y: number, a: number, b: number, rise: number): void {
    const area = this.#area
    const left = Math.min(a, b)
    const right = Math.max(a, b)
    const first = Math.floor(left)
    const last = Math.ceil(right)
    const row = y * this.#stride
    if (first < this.#from[y]!) this.#from[y] = first
    if (last + 2 > this.#to[y]!) this.#to[y] = Math.min(last + 2, this.#stride)
    if (last <= first + 1) {
      const inner = rise * (0.5 * (left + right) - first)
      area[row + first]! += rise - inner
      area[row + first + 1]! += inner
      return
    }
    // What each column sees to the right of the edge; its entry is the difference from the column before.
    const perColumn = 1 / (right - left)
    let passed = 0
    let covered = 0
    for (let column = first; column < last; column++) {
      const enter = Math.max(column, left)
      const leave = Math.min(column + 1, right)
      const share = (leave - enter) * perColumn
      const cover = passed + share * (column + 1 - 0.5 * (enter + leave))
      area[row + column]! += rise * (cover - covered)
      covered = cover
      passed += share
    }
    area[row + last]! += rise * (1 - covered)
  }
}
