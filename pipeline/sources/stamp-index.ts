// Finds a time in a file of equal records by bisection over their stamps. The stamps wrap (in DAT every 71.6 minutes) and a
// single one does not say how often, so the wraps are followed first over a coarse grid of records, then inside one cell.

/**
 * Cells of the coarse grid. A wrap is missed only when more than half of it passes inside one cell: in an even DAT stream
 * that is a file of 25 days. The grid is read once, as far as it is needed: one record a cell, some 30 ms in all.
 */
const CELLS = 1024

/** State of the stamp clock behind a record: its stamp is epoch + last µs after the origin. */
export interface StampClock {
  epoch: number
  last: number
}

/** Where to go on reading. */
export interface RecordPlace {
  /** The first record with a stamp not before the time; the number of records when there is none. */
  index: number
  /** The clock as the record before it leaves it; undefined at the start. */
  clock: StampClock | undefined
}

/** The stamps of a file, as far as they have been looked at. */
export class StampIndex {
  /** Clocks behind the records 0, cell, 2 * cell, … */
  readonly #grid: StampClock[] = []
  readonly #cell: number

  /**
   * @param wrap range of the stamps in records, µs
   * @param stamp reads the stamp of a record
   */
  constructor(
    private readonly records: number,
    private readonly wrap: number,
    private readonly stamp: (index: number) => Promise<number>,
  ) {
    this.#cell = Math.max(1, Math.ceil(records / CELLS))
  }

  /** The lower bound of tUs. Where stamps run backwards it is one of the places where they pass tUs. */
  async find(tUs: number): Promise<RecordPlace> {
    if (tUs <= 0) return { index: 0, clock: undefined }
    // `low` is the last record known to lie before tUs, with its clock; `high` the first known not to.
    let low = -1
    let clock: StampClock | undefined
    let high = this.records
    for (let at = 0; at * this.#cell < this.records; at++) {
      const here = await this.#gridClock(at)
      if (stampOf(here) >= tUs) {
        high = at * this.#cell
        break
      }
      low = at * this.#cell
      clock = here
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      const here = this.#follow(clock, await this.stamp(middle))
      if (stampOf(here) >= tUs) {
        high = middle
      } else {
        low = middle
        clock = here
      }
    }
    return { index: high, clock }
  }

  /** Asked for in rising order, so that the cell before is known. */
  async #gridClock(at: number): Promise<StampClock> {
    const known = this.#grid[at]
    if (known !== undefined) return known
    const clock = this.#follow(this.#grid[at - 1], await this.stamp(at * this.#cell))
    this.#grid[at] = clock
    return clock
  }

  /** The decoders' rule for stamps that wrap (StampClock in native/events/dat.h). */
  #follow(clock: StampClock | undefined, raw: number): StampClock {
    if (clock === undefined) return { epoch: 0, last: raw }
    let { epoch } = clock
    if (clock.last - raw > this.wrap / 2) epoch += this.wrap
    else if (raw - clock.last > this.wrap / 2 && epoch > 0) epoch -= this.wrap
    return { epoch, last: raw }
  }
}

function stampOf({ epoch, last }: StampClock): number {
  return epoch + last
}
