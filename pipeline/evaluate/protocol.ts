// The protocols that published figures come from: which boxes count, and which detections belong to which label time.
// Figures of different protocols are never comparable, so each one describes itself and goes with every figure.
import { SaccadeError } from '../errors.js'
import type { Geometry } from '../events/packet.js'
import type { Label } from '../sources/labels.js'

/**
 * `prophesee`: the published one (Gen1's paper, RVT). `prophesee-shipped`: the data set's toolbox as it ships, whose bounds
 * differ from what it says. `ultralytics`: SpikeYOLO's own validation.
 */
export type ProtocolName = 'prophesee' | 'prophesee-shipped' | 'ultralytics'
/** Data set whose bounds and class names apply. */
export type CameraName = 'gen1' | '1mpx'

/** Names of all protocols, the default first. */
export const PROTOCOLS: readonly ProtocolName[] = ['prophesee', 'prophesee-shipped', 'ultralytics']
/** Names of all cameras, the default first. */
export const CAMERAS: readonly CameraName[] = ['gen1', '1mpx']

/** Detections up to this far from a label time, both ends in, belong to it (the toolbox's tolerance). */
const TOLERANCE_US = 50_000

/** What of a recording is scored, in figures. */
export interface Rules {
  protocol: ProtocolName
  camera: CameraName
  /** Boxes at or before this time do not count, µs; undefined: all do. */
  afterUs?: number
  /** Smallest diagonal and smaller side of a box, pixels; labels and detections alike. */
  diagonal?: number
  side?: number
  /**
   * Which detections belong to a label time. `pool`: all within ±50 ms. `nearest`: of these the set whose time is nearest,
   * the earlier of two. `exact`: the set of that very time.
   */
  pairing: 'pool' | 'nearest' | 'exact'
  /** Boxes are brought into this frame (`ultralytics`). */
  frame?: Geometry
  /** Labels of lower confidence count neither way, nor does a box that finds one and no other; undefined: all count. */
  sure?: number
}

/** What a data set calls its classes and how large its boxes must be. */
interface CameraRules {
  classes: readonly string[]
  frame: Geometry
  diagonal: number
  side: number
  /** The toolbox has the two cameras' sides the wrong way round. */
  shippedSide: number
}

const CAMERA_RULES: Readonly<Record<CameraName, CameraRules>> = {
  gen1: {
    classes: ['car', 'pedestrian'],
    frame: { width: 304, height: 240 },
    diagonal: 30,
    side: 10,
    shippedSide: 20,
  },
  '1mpx': {
    classes: ['pedestrian', 'two wheeler', 'car', 'truck', 'bus', 'traffic sign', 'traffic light'],
    frame: { width: 1280, height: 720 },
    diagonal: 60,
    side: 20,
    shippedSide: 10,
  },
}

/** Options of a protocol. */
export interface ProtocolOptions {
  /** Default: prophesee. */
  protocol?: ProtocolName
  /** Default: gen1. */
  camera?: CameraName
  /** The nearest set only, instead of all within ±50 ms; `ultralytics` takes one set anyway. */
  oneSetPerTime?: boolean
  /** Sensor size for `ultralytics`, which moves boxes into it; default: the camera's. */
  geometry?: Geometry
  /**
   * Labels of lower confidence are to be neither found nor missed, as COCO's ignored ones; 0.5 for simulated drives.
   * Default: every label counts, as in what is published.
   */
  sure?: number
}

/**
 * The rules of a protocol.
 * @throws ERR_ARGUMENT for an unknown name, or a confidence outside 0..1
 * @example
 * rulesOf({ protocol: 'prophesee', oneSetPerTime: true }).pairing // 'nearest'
 */
export function rulesOf(options: ProtocolOptions = {}): Rules {
  const { protocol = 'prophesee', camera = 'gen1', oneSetPerTime = false, geometry, sure } = options
  known('protocol', protocol, PROTOCOLS)
  known('camera', camera, CAMERAS)
  if (sure !== undefined && !(sure >= 0 && sure <= 1))
    throw new SaccadeError('ERR_ARGUMENT', `sure is a confidence, 0..1, not ${sure}`)
  const { frame, diagonal, side, shippedSide } = CAMERA_RULES[camera]
  const common = { protocol, camera, ...(sure !== undefined && { sure }) }
  if (protocol === 'ultralytics') return { ...common, pairing: 'exact', frame: geometry ?? frame }
  const pairing = oneSetPerTime ? 'nearest' : 'pool'
  return protocol === 'prophesee'
    ? { ...common, afterUs: 500_000, diagonal, side, pairing }
    : { ...common, afterUs: 100_000, diagonal, side: shippedSide, pairing }
}

function known(what: string, name: string, names: readonly string[]): void {
  if (!names.includes(name))
    throw new SaccadeError(
      'ERR_ARGUMENT',
      `there is no ${what} "${name}"`,
      `there are ${names.join(', ')}`,
    )
}

/** Names of a camera's classes. */
export function cameraClasses(camera: CameraName): readonly string[] {
  return CAMERA_RULES[camera].classes
}

/** Sensor size of a camera. */
export function cameraFrame(camera: CameraName): Geometry {
  return CAMERA_RULES[camera].frame
}

/** The rules in one sentence: it stands beside every figure. */
export function describeRules(rules: Rules): string {
  const { protocol, camera, afterUs, diagonal, side, pairing, frame, sure } = rules
  const pairs = {
    pool: 'all detections within ±50 ms of a label time',
    nearest: 'the set nearest to a label time, within ±50 ms',
    exact: "the set of the label's time",
  }[pairing]
  const unsure =
    sure === undefined
      ? ''
      : `; labels with confidence < ${sure} and boxes on them count neither way`
  if (frame !== undefined)
    return `${protocol}: boxes of every size, moved into ${frame.width}x${frame.height}; ${pairs}; area under 101 interpolated points${unsure}`
  return `${protocol}: ${camera}, t > ${afterUs! / 1e6} s, diagonal >= ${diagonal}, side >= ${side}; ${pairs}; 101 points, 100 boxes a class${unsure}`
}

/** Whether a label counts. In float32 as files hold it: at the bound the last bit decides. */
export function isSure({ confidence }: Label, sure: number | undefined): boolean {
  return sure === undefined || Math.fround(confidence) >= Math.fround(sure)
}

/** What is labelled at a time, and what belongs to it. */
export interface ScoredImage {
  /** Absolute µs. */
  t: number
  labels: readonly Label[]
  /** In the order of the file, by rising time. */
  detections: readonly Label[]
}

/** The label times of a recording with the boxes that count, by rising time. */
export function pairBoxes(
  labels: readonly Label[],
  detections: readonly Label[],
  rules: Rules,
): ScoredImage[] {
  const truth = sorted(labels.filter((label) => counts(label, rules)))
  const found = sorted(detections.filter((detection) => counts(detection, rules)))
  const tolerance = rules.pairing === 'exact' ? 0 : TOLERANCE_US
  const images: ScoredImage[] = []
  let low = 0
  for (let from = 0; from < truth.length; ) {
    const { t } = truth[from]!
    let to = from
    while (truth[to]?.t === t) to += 1
    while (low < found.length && found[low]!.t < t - tolerance) low += 1
    let high = low
    while (high < found.length && found[high]!.t <= t + tolerance) high += 1
    const near = found.slice(low, high)
    images.push({
      t,
      labels: inFrame(onePerTrack(truth.slice(from, to), rules), rules),
      detections: inFrame(rules.pairing === 'nearest' ? nearestSet(near, t) : near, rules),
    })
    from = to
  }
  return images
}

/** The toolbox computes the diagonal in float32, as the boxes are stored: at the bound the last bit decides. */
function counts({ t, w, h }: Label, { afterUs, diagonal, side }: Rules): boolean {
  if (afterUs !== undefined && !(t > afterUs)) return false
  if (side !== undefined && !(w >= side && h >= side)) return false
  if (diagonal === undefined) return true
  return Math.fround(Math.fround(w * w) + Math.fround(h * h)) >= diagonal * diagonal
}

/** By time; boxes of one time stay in the order of the file. */
function sorted(boxes: Label[]): Label[] {
  return boxes.sort((a, b) => a.t - b.t)
}

/** The boxes of the time nearest to t, the earlier of two that are equally near. */
export function nearestSet(boxes: readonly Label[], t: number): readonly Label[] {
  let best: number | undefined
  for (const box of boxes)
    if (best === undefined || Math.abs(box.t - t) < Math.abs(best - t)) best = box.t
  return boxes.filter((box) => box.t === best)
}

/** The authors' scripts keep the last label of a track at a time. Track 0 is "not said". */
function onePerTrack(labels: readonly Label[], { protocol }: Rules): readonly Label[] {
  if (protocol !== 'ultralytics') return labels
  const last = new Map(labels.map((label, i) => [label.trackId, i]))
  return labels.filter(({ trackId }, i) => trackId === 0 || last.get(trackId) === i)
}

/**
 * The authors clamp corner, size and centre one by one, so a box that reaches past the frame is moved, not cut, and later
 * clipped; boxes without an area go. They do it to labels; detections come clipped, and for these it changes nothing.
 */
function inFrame(boxes: readonly Label[], { frame }: Rules): readonly Label[] {
  if (frame === undefined) return boxes
  return boxes.flatMap((box) => {
    const [x, w] = clampSide(box.x, box.w, frame.width)
    const [y, h] = clampSide(box.y, box.h, frame.height)
    return w > 0 && h > 0 ? [{ ...box, x, y, w, h }] : []
  })
}

function clampSide(corner: number, size: number, most: number): [corner: number, size: number] {
  const clamp = (value: number) => Math.min(Math.max(value, 0), most)
  const length = clamp(size)
  const centre = clamp(clamp(corner) + length / 2)
  const low = clamp(centre - length / 2)
  return [low, clamp(centre + length / 2) - low]
}
