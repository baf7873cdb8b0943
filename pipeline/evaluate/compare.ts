// Two detectors on the same labels: how much better is one, and would other images have said the same? Paired bootstrap:
// each round draws as many label times as there are, with replacement, and scores both detectors on these.
import { setImmediate } from 'node:timers/promises'
import type { Model } from '../detect/model.js'
import { SaccadeError } from '../errors.js'
import { Random } from '../simulate/random.js'
import { type EvaluateOptions, findTask, matchAll, type Task } from './evaluate.js'
import { checkStop } from './label-windows.js'
import { type ClassMatches, ranked } from './matches.js'
import { describeRules, type Rules } from './protocol.js'
import { ResampledClass } from './resample.js'
import { byName, mean, precisionOf, type ScoreSpec } from './score.js'

/** Options of compare: one side as in evaluate, and the other. */
export interface CompareOptions
  extends Omit<EvaluateOptions, 'thresholds' | 'keep' | 'onRecording' | 'onProgress'> {
  /** The other side: a folder of NAME_dt.npy files, or a model. */
  against: { detections: string } | { model: Model }
  /** Default: 1000. */
  rounds?: number
  /** Seed of the rounds, a whole number; default: 1. */
  seed?: number
  onProgress?(progress: CompareProgress): void
}

/** How far a comparison is. */
export interface CompareProgress {
  stage: 'recordings' | 'rounds'
  /** Recordings of both sides, or rounds. */
  done: number
  total: number
}

/** One side on all images. */
export interface ComparedSide {
  /** Average precision at IoU .50, and the mean over .50:.05:.95. */
  ap50: number
  ap: number
  /** Boxes that belong to a label time. */
  detections: number
  /** Detections that belong to no label time that counts. */
  unpaired: number
}

/** First side minus second. */
export interface Difference {
  /** On all images. */
  value: number
  /** The middle 95 % of the rounds: 2.5 and 97.5 %, linear between two rounds. */
  interval: [low: number, high: number]
  /** Share of the rounds in which the first side was worse. */
  worse: number
}

/** The figures of a comparison: a function of labels, detections, rules, rounds and seed alone. */
export interface Comparison {
  protocol: string
  rules: Rules
  /** Label times that count: what is drawn. */
  images: number
  labels: number
  /** Names of the classes of which AP is the mean. */
  classes: string[]
  rounds: number
  seed: number
  sides: [ComparedSide, ComparedSide]
  difference: { ap50: Difference; ap: Difference }
}

/**
 * Scores two detectors and the difference between them. A model on either side makes both sides' detections count at the
 * very label times only.
 * @throws ERR_ARGUMENT for rounds and seeds that are none and where nothing is labelled; and as evaluate
 * @example
 * const { difference } = await compare({ labels: 'gen1/test', detections: 'new', against: { detections: 'old' } })
 * console.log(difference.ap50.value, difference.ap50.interval)
 */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { against, rounds = 1000, seed = 1, onProgress, ...first } = options
  checkCounts(rounds, seed)
  const second = { ...first, detections: undefined, model: undefined, ...against }
  const usesModel = first.model !== undefined || 'model' in against
  const { spec, files, className } = await findTask({ ...first, thresholds: [] }, usesModel)
  const sides: Side[] = []
  for (const [i, side] of [first, second].entries()) {
    const tell = ({ done, total }: { done: number; total: number }) =>
      onProgress?.({ stage: 'recordings', done: i * total + done, total: 2 * total })
    sides.push(await matchSide({ files, spec, className }, { ...side, onProgress: tell }))
  }
  const [a, b] = sides as [Side, Side]
  const drawn = await drawRounds(a, b, { rounds, seed, spec, signal: options.signal, onProgress })
  return {
    protocol: describeRules(spec.rules),
    rules: spec.rules,
    images: a.images,
    labels: a.classes.reduce((sum, { labels }) => sum + labels, 0),
    classes: spec.classes.map(className),
    rounds,
    seed,
    sides: [a.score, b.score],
    difference: {
      ap50: difference(a.score.ap50 - b.score.ap50, drawn.ap50),
      ap: difference(a.score.ap - b.score.ap, drawn.ap),
    },
  }
}

function checkCounts(rounds: number, seed: number): void {
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 1_000_000))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `rounds must be a whole number, 1..1000000, not ${rounds}`,
    )
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw new SaccadeError('ERR_ARGUMENT', `a seed is a whole number below 2^32, not ${seed}`)
}

/** A detector, matched and ranked. */
interface Side {
  images: number
  /** In the order of the spec. */
  classes: ClassMatches[]
  score: ComparedSide
}

async function matchSide(task: Task, options: EvaluateOptions): Promise<Side> {
  // Only what is drawn stays in memory: not the same boxes by area.
  const recordings = byName(await matchAll(task, options)).map(({ images, unpaired, classes }) => ({
    images,
    unpaired,
    classes,
  }))
  const { rules, classes } = task.spec
  const byClass = classes.map((_, i) => recordings.map(({ classes }) => classes[i]!))
  const { ap50, ap } = mean(byClass.map((parts) => precisionOf(parts, rules)))
  if (ap50 === null || ap === null)
    throw new SaccadeError(
      'ERR_ARGUMENT',
      'no label passes the bounds of the protocol: there is nothing to compare on',
    )
  return {
    images: recordings.reduce((sum, { images }) => sum + images, 0),
    classes: byClass.map(ranked),
    score: {
      ap50,
      ap,
      detections: byClass.flat().reduce((sum, { scores }) => sum + scores.length, 0),
      unpaired: recordings.reduce((sum, { unpaired }) => sum + unpaired, 0),
    },
  }
}

/** Differences of the rounds, in their order. */
interface Drawn {
  ap50: number[]
  ap: number[]
}

async function drawRounds(
  a: Side,
  b: Side,
  {
    rounds,
    seed,
    spec,
    signal,
    onProgress,
  }: { rounds: number; seed: number; spec: ScoreSpec } & Pick<
    CompareOptions,
    'signal' | 'onProgress'
  >,
): Promise<Drawn> {
  const [first, second] = [a, b].map(({ classes }) =>
    classes.map((matches) => new ResampledClass(matches, spec.rules.protocol)),
  )
  const random = new Random(seed)
  const times = new Uint32Array(a.images)
  const drawn: Drawn = { ap50: [], ap: [] }
  while (drawn.ap.length < rounds) {
    times.fill(0)
    for (let i = 0; i < a.images; i++) times[random.below(a.images)]! += 1
    const [mine, other] = [first!, second!].map((classes) =>
      mean(classes.map((matches) => matches.precision(times))),
    )
    // Among very few images it happens that no label is drawn: another round. The labels of both sides are the same.
    if (mine!.ap === null) continue
    drawn.ap50.push(mine!.ap50! - other!.ap50!)
    drawn.ap.push(mine!.ap - other!.ap!)
    onProgress?.({ stage: 'rounds', done: drawn.ap.length, total: rounds })
    // A large set takes 10 ms a round and more: let signals and the screen have their turn.
    await setImmediate()
    checkStop(signal)
  }
  return drawn
}

function difference(value: number, rounds: readonly number[]): Difference {
  const sorted = Float64Array.from(rounds).sort()
  return {
    value,
    interval: [quantile(sorted, 0.025), quantile(sorted, 0.975)],
    worse: rounds.filter((value) => value < 0).length / rounds.length,
  }
}

/** As numpy.quantile does by default. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const low = sorted[Math.floor(place)]!
  const high = sorted[Math.ceil(place)]!
  return low + (high - low) * (place - Math.floor(place))
}
