// How well scores separate two kinds, whatever made them.
import { SaccadeError } from '../errors.js'

/** Scores of what is of the kind looked for and of what is not. */
export interface Scores {
  positive: readonly number[]
  negative: readonly number[]
}

/** What a threshold makes of scores: the kind looked for is told where the score reaches it. */
export interface Told {
  threshold: number
  /** Share of all that is told rightly. */
  accuracy: number
  /** Share of the positive, and of the negative, that is told to be positive. */
  truePositiveRate: number
  falsePositiveRate: number
  /** The counts behind them. */
  truePositives: number
  falsePositives: number
}

/**
 * Area under the ROC curve: the share of pairs in which the positive one has the higher score, equal scores counted half.
 * @throws ERR_ARGUMENT when there is no positive or no negative score
 * @example
 * areaUnderRoc({ positive: [0.9, 0.4], negative: [0.4, 0.1] }) // (1 + 1 + 0.5 + 1) / 4
 */
export function areaUnderRoc({ positive, negative }: Scores): number {
  if (positive.length === 0 || negative.length === 0)
    throw new SaccadeError('ERR_ARGUMENT', 'AUC needs scores of both kinds')
  const low = Float64Array.from(negative).sort()
  let below = 0
  let upTo = 0
  // Twice the number of pairs, whole and exact below 2^53.
  let pairs = 0
  for (const score of Float64Array.from(positive).sort()) {
    while (below < low.length && low[below]! < score) below += 1
    while (upTo < low.length && low[upTo]! <= score) upTo += 1
    pairs += below + upTo
  }
  return pairs / (2 * positive.length * negative.length)
}

/** What a threshold tells of scores. */
export function toldAt(threshold: number, { positive, negative }: Scores): Told {
  const reached = (scores: readonly number[]) => scores.filter((score) => score >= threshold).length
  const truePositives = reached(positive)
  const falsePositives = reached(negative)
  return {
    threshold,
    accuracy:
      (truePositives + negative.length - falsePositives) / (positive.length + negative.length),
    truePositiveRate: truePositives / positive.length,
    falsePositiveRate: falsePositives / negative.length,
    truePositives,
    falsePositives,
  }
}

/** The score that as a threshold tells the most rightly; the highest of several. */
export function bestThreshold({ positive, negative }: Scores): number {
  const all = [
    ...positive.map((score) => ({ score, gain: 1 })),
    ...negative.map((score) => ({ score, gain: -1 })),
  ].sort((a, b) => b.score - a.score)
  let [right, most, best] = [0, Number.NEGATIVE_INFINITY, 0]
  for (const [i, { score, gain }] of all.entries()) {
    right += gain
    if (all[i + 1]?.score === score || right <= most) continue
    most = right
    best = score
  }
  return best
}
