// What is taken from repeated timings. Clocks drift and neighbours come and go, so contestants are timed in turn, round
// after round, and a ratio is the median of the rounds' ratios, not the ratio of two medians.

/** Time of each contestant in one round, ms. */
export type Round = Readonly<Record<string, number>>

/** One contestant over all rounds. */
export interface Standing {
  contestant: string
  /** Median and minimum of the rounds, ms. */
  medianMs: number
  bestMs: number
  /** Median over the rounds of its time divided by the reference's: how many times slower it is. */
  ratio: number
}

/** The middle value; of an even number of values the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * All contestants of the first round, in its order.
 * @example
 * standings([{ ours: 2, theirs: 5 }, { ours: 3, theirs: 6 }], 'ours')[1] // { contestant: 'theirs', ratio: 2.25, … }
 */
export function standings(rounds: readonly Round[], reference: string): Standing[] {
  return Object.keys(rounds[0] ?? {}).map((contestant) => {
    const times = rounds.map((round) => round[contestant]!)
    return {
      contestant,
      medianMs: median(times),
      bestMs: Math.min(...times),
      ratio: median(rounds.map((round) => round[contestant]! / round[reference]!)),
    }
  })
}
