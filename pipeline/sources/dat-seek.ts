// Finds a time in a DAT file by bisection over its 32-bit stamps. The stamps wrap every 71.6 minutes and a single one does
// not say how often, so the wraps are followed first over a coarse grid of records, then inside one cell of it.

const WRAP = 2 ** 32
const HALF = 2 ** 31
/**
 * Cells of the coarse grid. A wrap is missed only when more than 35 minutes pass inside one cell: for an even stream that
 * is a file of 25 days. Files shorter than one wrap pay for it with 1,024 reads of 4 bytes, some 30 ms.
 */
const CELLS = 1024

/** State of the stamp clock behind a record: its stamp is epoch + last µs. */
export interface StampClock {
  epoch: number
  last: number
}

/** The decoder's rule for 32-bit stamps (native/events/dat.h). */
function follow(clock: StampClock | undefined, raw: number): StampClock {
  if (clock === undefined) return { epoch: 0, last: raw }
  let { epoch } = clock
  if (clock.last - raw > HALF) epoch += WRAP
  else if (raw - clock.last > HALF && epoch > 0) epoch -= WRAP
  return { epoch, last: raw }
}

/**
 * The first record with a stamp >= tUs, `records` when there is none, and the clock as the record before it leaves it
 * (undefined at the first). Where stamps run backwards it is one of the places where they pass tUs.
 */
export async function findRecord(
  tUs: number,
  records: number,
  stamp: (index: number) => Promise<number>,
): Promise<{ index: number; clock: StampClock | undefined }> {
  if (tUs <= 0) return { index: 0, clock: undefined }
  // `low` is the last record known to lie before tUs, with its clock; `high` the first known not to.
  let low = -1
  let clock: StampClock | undefined
  let high = records
  const cell = Math.max(1, Math.ceil(records / CELLS))
  for (let index = 0; index < records; index += cell) {
    const here = follow(clock, await stamp(index))
    if (here.epoch + here.last >= tUs) {
      high = index
      break
    }
    low = index
    clock = here
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const here = follow(clock, await stamp(middle))
    if (here.epoch + here.last >= tUs) {
      high = middle
    } else {
      low = middle
      clock = here
    }
  }
  return { index: high, clock }
}
