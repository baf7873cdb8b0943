// Tracks over detections, after ByteTrack (Zhang et al., 2022): strong detections are given to tracks first, what is left
// of the tracks may be continued by weak ones, and only strong ones begin a track. Of one class each.
import type { Detection, DetectionSet, TrackEnd, TrackStart } from '../detect/detection.js'
import { Assignment } from './assign.js'
import { Motion } from './motion.js'
import { resolveTrackOptions, type TrackOptions } from './options.js'
import { PackedBoxes } from './overlaps.js'
import { Path } from './path.js'

/** Weak detections are often parts of something else: they must lie well on the track. ByteTrack's 0.5. */
const WEAK_OVERLAP = 0.5

/** What moves under one number. */
interface Track {
  /** 0 until it is confirmed. */
  id: number
  motion: Motion
  class: number
  label: string
  /** Best so far. */
  score: number
  tStart: number
  tEnd: number
  windows: number
  path: Path
  /** By the tracker's clock. */
  seenAt: number
  /** Seen in the last window that was looked at. */
  fresh: boolean
}

/**
 * Follows objects from set to set. The same sets give the same numbers on every machine.
 *
 * Time between sets may vary: what was lost on the way is time that passed. A window without a single event says that
 * nothing moved before the camera; so tracks neither move nor grow old in it, and an object that goes on after a halt
 * keeps its number.
 * @example
 * const tracker = new Tracker({ high: 0.4 })
 * for (const set of sets) for (const { track, box } of tracker.update(set).detections) console.log(track, box)
 */
export class Tracker {
  readonly options: Required<TrackOptions>
  readonly #assignment = new Assignment()
  readonly #rows = new PackedBoxes()
  readonly #columns = new PackedBoxes()
  #tracks: Track[] = []
  #lastId = 0
  #lastEnd: number | undefined
  /** µs in which something could move. */
  #clock = 0

  /** Throws ERR_ARGUMENT. */
  constructor(options: TrackOptions) {
    this.options = resolveTrackOptions(options)
  }

  /** Tracks that were begun so far. */
  get started(): number {
    return this.#lastId
  }

  /** The tracks that are there, as if they ended now; by number. */
  get open(): TrackEnd[] {
    return this.#tracks.filter(({ id }) => id > 0).map(toEnd)
  }

  /**
   * The set with the numbers of its objects. Detections below `high` are in it only when they continue a track. Sets must
   * come in the order of their time; when it goes back all tracks end.
   */
  update(set: DetectionSet): DetectionSet {
    const { high, low, birth, keepUs } = this.options
    const started: TrackStart[] = []
    const ended: TrackEnd[] = []
    const elapsed = set.tEnd - (this.#lastEnd ?? set.tEnd)
    this.#lastEnd = set.tEnd
    if (elapsed < 0) this.#endAll(ended)
    if (set.events === 0 && set.detections.length === 0) return withChanges(set, started, ended)

    const clock = this.#clock + Math.max(elapsed, 0)
    this.#clock = clock
    this.#end(ended, ({ seenAt }) => clock - seenAt > keepUs)
    for (const { motion } of this.#tracks) motion.advance(Math.max(elapsed, 0) / 1e6)

    const { detections } = set
    const owner = new Array<Track | undefined>(detections.length)
    const strong: number[] = []
    const weak: number[] = []
    detections.forEach(({ score }, i) => {
      if (score >= high) strong.push(i)
      else if (score >= low) weak.push(i)
    })
    const sure = this.#tracks.filter(({ id }) => id > 0)
    const { tracks: lost, left } = this.#match(sure, set, strong, this.options.overlap, owner)
    this.#match(
      lost.filter(({ fresh }) => fresh),
      set,
      weak,
      WEAK_OVERLAP,
      owner,
    )
    const unsure = this.#tracks.filter(({ id }) => id === 0)
    const newcomers = this.#match(unsure, set, left, this.options.overlap, owner).left

    for (const track of this.#tracks) track.fresh = false
    for (let i = 0; i < owner.length; i++)
      if (owner[i] !== undefined) this.#see(owner[i]!, detections[i]!, set, started)
    this.#end(ended, ({ id, fresh }) => id === 0 && !fresh)
    for (const i of newcomers) {
      const detection = detections[i]!
      if (detection.score < birth) continue
      const track = begin(detection, set)
      this.#tracks.push(track)
      owner[i] = track
      this.#see(track, detection, set, started)
    }
    return withChanges({ ...set, detections: numbered(detections, owner, high) }, started, ended)
  }

  /** Gives detections to tracks, noted in `owner`; the tracks and the detections that are left. */
  #match(
    tracks: readonly Track[],
    { detections }: DetectionSet,
    among: readonly number[],
    least: number,
    owner: (Track | undefined)[],
  ): { tracks: readonly Track[]; left: readonly number[] } {
    if (tracks.length === 0 || among.length === 0) return { tracks, left: among }
    this.#rows.reset(tracks.length)
    for (const { class: index, motion } of tracks) this.#rows.add(index, motion.box)
    this.#columns.reset(among.length)
    for (const i of among) this.#columns.add(detections[i]!.class, detections[i]!.box)
    const weights = this.#assignment.weights(tracks.length, among.length)
    this.#rows.overlaps(this.#columns, least, weights)
    const partners = this.#assignment.solve()
    const without: Track[] = []
    for (let i = 0; i < tracks.length; i++)
      if (partners[i]! < 0) without.push(tracks[i]!)
      else owner[among[partners[i]!]!] = tracks[i]!
    return { tracks: without, left: among.filter((i) => owner[i] === undefined) }
  }

  #see(track: Track, { box, score }: Detection, { tEnd }: DetectionSet, started: TrackStart[]) {
    if (track.windows > 0) track.motion.correct(box)
    track.windows += 1
    track.score = Math.max(track.score, score)
    track.tEnd = tEnd
    track.seenAt = this.#clock
    track.fresh = true
    track.path.add({ t: tEnd, x: box.x + box.w / 2, y: box.y + box.h / 2 })
    if (track.id > 0 || track.windows < this.options.confirm) return
    this.#lastId += 1
    track.id = this.#lastId
    started.push(toStart(track))
  }

  #end(ended: TrackEnd[], over: (track: Track) => boolean): void {
    if (!this.#tracks.some(over)) return
    const left: Track[] = []
    for (const track of this.#tracks)
      if (!over(track)) left.push(track)
      else if (track.id > 0) ended.push(toEnd(track))
    this.#tracks = left
  }

  #endAll(ended: TrackEnd[]): void {
    this.#end(ended, () => true)
  }
}

/** Detections that are strong or continue a track; those of sure tracks as copies with its number. */
function numbered(
  detections: readonly Detection[],
  owner: readonly (Track | undefined)[],
  high: number,
): Detection[] {
  const shown: Detection[] = []
  for (let i = 0; i < detections.length; i++) {
    const detection = detections[i]!
    const id = owner[i]?.id ?? 0
    const { class: index, label, score, box } = detection
    if (id > 0) shown.push({ class: index, label, score, box, track: id })
    else if (score >= high) shown.push(detection)
  }
  return shown
}

function begin({ class: index, label, score, box }: Detection, { tEnd }: DetectionSet): Track {
  return {
    id: 0,
    motion: new Motion(box),
    class: index,
    label,
    score,
    tStart: tEnd,
    tEnd,
    windows: 0,
    path: new Path(),
    seenAt: 0,
    fresh: true,
  }
}

function toStart({ id, class: index, label, tStart }: Track): TrackStart {
  return { track: id, class: index, label, tStart }
}

function toEnd(track: Track): TrackEnd {
  const { tEnd, windows, score, path } = track
  return { ...toStart(track), tEnd, windows, score, path: path.points }
}

function withChanges(set: DetectionSet, started: TrackStart[], ended: TrackEnd[]): DetectionSet {
  return started.length + ended.length === 0 ? set : { ...set, tracks: { started, ended } }
}
