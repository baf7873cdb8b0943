// What the sensor looks at: log intensity per pixel, painted as polygons with exact area coverage. Exact coverage is the
// point: an edge that moves by a tenth of a pixel changes a pixel by a tenth of its contrast, and that is what makes a
// threshold crossing happen at the right microsecond instead of in bursts when a rounded edge jumps.

/** Polygons whose bounding box is smaller, in pixels, are left out: they would change no pixel by more of their contrast. */
const LEAST_AREA = 0.1

/** Pixels a side up to which a polygon counts as small. */
const SMALL = 2

/** Pixels across up to which it is worth while to go by columns. */
const NARROW = 40

interface Touched {
  from: Int32Array
  to: Int32Array
}

/** Log intensity (natural, relative to asphalt) in row-major order; painting in order, last on top. */
export class LogCanvas {
  readonly level: Float32Array
  /** Who was painted last on at least half of the pixel; kept only while `tracking`. */
  readonly owner: Uint32Array
  tracking = false
  /** Rectangle that holds what was painted since `begin` while tracking. */
  #painted = { left: 0, right: 0, top: 0, bottom: 0 }
  readonly #stride: number
  readonly #area: Float64Array
  /** Columns of each row that edges of the polygon in hand touch: those that go down, and those that go up. */
  readonly #down: Touched
  readonly #up: Touched

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.level = new Float32Array(width * height)
    this.owner = new Uint32Array(width * height)
    this.#stride = width + 2
    this.#area = new Float64Array(this.#stride * height)
    this.#down = { from: new Int32Array(height), to: new Int32Array(height) }
    this.#up = { from: new Int32Array(height), to: new Int32Array(height) }
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
    if (this.tracking) this.#spread(left, right, top, bottom)
    if (right - left <= SMALL && bottom - top <= SMALL) {
      this.#dab(xs, ys, n, left, right, top, bottom, level, owner)
      return
    }
    if (n === 4 && right - left <= NARROW && this.#strip(xs, ys, level, owner)) return
    const firstRow = top > 0 ? Math.floor(top) : 0
    const lastRow = bottom < this.height ? Math.ceil(bottom) : this.height
    const down = this.#down
    const up = this.#up
    for (let y = firstRow; y < lastRow; y++) {
      down.from[y] = up.from[y] = this.width
      down.to[y] = up.to[y] = 0
    }
    for (let i = 0, j = n - 1; i < n; j = i++) this.#edge(xs[j]!, ys[j]!, xs[i]!, ys[i]!)
    for (let y = firstRow; y < lastRow; y++) {
      const [a, b, c, d] = [down.from[y]!, down.to[y]!, up.from[y]!, up.to[y]!]
      // Between the edges of a convex polygon nothing changes.
      if (b <= c) this.#row(y, a, b, c, d, level, owner)
      else if (d <= a) this.#row(y, c, d, a, b, level, owner)
      else this.#sweep(y, Math.min(a, c), Math.max(b, d), level, owner, 0)
    }
  }

  /** A row whose edges touch the columns from a to b and from c to d. */
  #row(y: number, a: number, b: number, c: number, d: number, level: number, owner: number): void {
    const sum = this.#sweep(y, a, b, level, owner, 0)
    if (sum > 0.998 || sum < -0.998) {
      const from = y * this.width + b
      const to = y * this.width + Math.min(c, this.width)
      const levels = this.level
      for (let at = from; at < to; at++) levels[at] = level
      if (this.tracking) for (let at = from; at < to; at++) this.owner[at] = owner
      this.#sweep(y, c, d, level, owner, sum)
    } else this.#sweep(y, b, d, level, owner, sum)
  }

  /**
   * A polygon of a few pixels: its area is shared out among them as its bounding box covers them, which is exact for
   * upright rectangles and moves as smoothly for others. Half of what a street is made of is that small.
   */
  #dab(
    xs: Float64Array,
    ys: Float64Array,
    n: number,
    left: number,
    right: number,
    top: number,
    bottom: number,
    level: number,
    owner: number,
  ): void {
    let area = 0
    for (let i = 0, j = n - 1; i < n; j = i++) area += xs[j]! * ys[i]! - xs[i]! * ys[j]!
    const share = Math.abs(area) / (2 * (right - left) * (bottom - top))
    const levels = this.level
    const lastRow = Math.min(bottom, this.height)
    const lastColumn = Math.min(right, this.width)
    const firstColumn = left > 0 ? Math.floor(left) : 0
    for (let y = top > 0 ? Math.floor(top) : 0; y < lastRow; y++) {
      const high = (Math.min(bottom, y + 1) - Math.max(top, y)) * share
      for (let x = firstColumn; x < lastColumn; x++) {
        const coverage = high * (Math.min(right, x + 1) - Math.max(left, x))
        const at = y * this.width + x
        levels[at] = levels[at]! + (level - levels[at]!) * coverage
        if (this.tracking && coverage >= 0.5) this.owner[at] = owner
      }
    }
  }

  /**
   * A narrow quadrilateral with two upright sides, as every face of a wall is: column by column, each cut off at the
   * mean height of its upper and lower edge. False when it is no such thing, or too steep for that.
   */
  #strip(xs: Float64Array, ys: Float64Array, level: number, owner: number): boolean {
    let k = 0
    if (xs[0] !== xs[1] || xs[2] !== xs[3]) {
      if (xs[1] !== xs[2] || xs[3] !== xs[0]) return false
      k = 1
    }
    // Corners k, k + 1 are one side, k + 2, k + 3 the other.
    const swap = xs[k]! > xs[k + 2]!
    const l = swap ? k + 2 : k
    const r = swap ? k : k + 2
    const left = xs[l]!
    const right = xs[r]!
    const [a, b] = [ys[l]!, ys[(l + 1) & 3]!]
    const [c, d] = [ys[r]!, ys[(r + 1) & 3]!]
    const up = a < b
    // Corners go round: what is first on one side is last on the other.
    const leftTop = up ? a : b
    const rightTop = up ? d : c
    const leftBottom = up ? b : a
    const rightBottom = up ? c : d
    const upper = (rightTop - leftTop) / (right - left)
    const lower = (rightBottom - leftBottom) / (right - left)
    if (upper > 1.5 || upper < -1.5 || lower > 1.5 || lower < -1.5 || rightTop > rightBottom)
      return false
    const { width, height } = this
    const last = Math.min(right, width)
    for (let x = left > 0 ? Math.floor(left) : 0; x < last; x++) {
      const from = Math.max(left, x)
      const to = Math.min(right, x + 1)
      const middle = 0.5 * (from + to) - left
      const top = leftTop + middle * upper
      const bottom = leftBottom + middle * lower
      this.#column(x, Math.max(top, 0), Math.min(bottom, height), to - from, level, owner)
    }
    return true
  }

  /** Part of a column, `breadth` of it. */
  #column(
    x: number,
    top: number,
    bottom: number,
    breadth: number,
    level: number,
    owner: number,
  ): void {
    const levels = this.level
    const tracking = this.tracking
    let at = Math.floor(top) * this.width + x
    for (let y = Math.floor(top); y < bottom; y++) {
      const coverage = (Math.min(bottom, y + 1) - Math.max(top, y)) * breadth
      levels[at] = levels[at]! + (level - levels[at]!) * coverage
      if (tracking && coverage >= 0.5) this.owner[at] = owner
      at += this.width
    }
  }

  /** Forgets where was painted: see `owned`. */
  begin(): void {
    this.#painted = { left: this.width, right: 0, top: this.height, bottom: 0 }
  }

  /** Pixels that belong to an owner now, who was painted since `begin`. */
  owned(owner: number): number {
    const { left, right, top, bottom } = this.#painted
    let pixels = 0
    for (let y = Math.max(top, 0); y < Math.min(bottom, this.height); y++) {
      const row = y * this.width
      for (let x = Math.max(left, 0); x < Math.min(right, this.width); x++)
        if (this.owner[row + x] === owner) pixels += 1
    }
    return pixels
  }

  #spread(left: number, right: number, top: number, bottom: number): void {
    const painted = this.#painted
    if (left < painted.left) painted.left = Math.floor(left)
    if (right > painted.right) painted.right = Math.ceil(right)
    if (top < painted.top) painted.top = Math.floor(top)
    if (bottom > painted.bottom) painted.bottom = Math.ceil(bottom)
  }

  /**
   * Turns the signed areas of a row into coverage, paints, and leaves the areas zero for the next polygon.
   * @param before signed coverage left of `from`
   * @returns that at the end
   */
  #sweep(
    y: number,
    from: number,
    to: number,
    level: number,
    owner: number,
    before: number,
  ): number {
    const area = this.#area
    const levels = this.level
    const owners = this.tracking ? this.owner : undefined
    const row = y * this.#stride
    const pixels = y * this.width
    let sum = before
    let coverage = sum < 0 ? -sum : sum
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
    return sum
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
    const touched = down ? this.#down : this.#up
    const lastRow = y1 < this.height ? Math.ceil(y1) : this.height
    let y = y0 > 0 ? Math.floor(y0) : 0
    let from = Math.max(y0, 0)
    let x = x0 + (from - y0) * slope
    for (; y < lastRow; y++) {
      const to = Math.min(y + 1, y1)
      const next = x + (to - from) * slope
      this.#span(y, this.#inside(x), this.#inside(next), (to - from) * sign, touched)
      x = next
      from = to
    }
  }

  #inside(x: number): number {
    return x < 0 ? 0 : Math.min(x, this.width)
  }

  /** One row of an edge, from x = a to x = b, `rise` rows high: where its area goes. */
  #span(y: number, a: number, b: number, rise: number, touched: Touched): void {
    const area = this.#area
    const left = Math.min(a, b)
    const right = Math.max(a, b)
    const first = Math.floor(left)
    const last = Math.ceil(right)
    const row = y * this.#stride
    const end = Math.min(last + 2, this.#stride)
    if (first < touched.from[y]!) touched.from[y] = first
    if (end > touched.to[y]!) touched.to[y] = end
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
