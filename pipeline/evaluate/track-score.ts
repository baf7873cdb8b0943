// Figures of tracks: CLEAR-MOT (Bernardin & Stiefelhagen, 2008) and identity (Ristani et al., 2016), as TrackEval or as
// motmetrics counts them. Both are right by the papers and differ in whom a label is given first.
import type { Box } from '../detect/detection.js'
import { Assignment } from '../track/assign.js'
import { iou } from './match.js'

/** A box that belongs to an object: one label, or one detection with a track. */
export interface TrackedBox extends Box {
  /** Whole number; two boxes of a frame never share one. */
  id: number
}

/** What is there and what was tracked at one time. */
export interface TrackFrame {
  labels: readonly TrackedBox[]
  tracked: readonly TrackedBox[]
}

/**
 * `trackeval`: the partner of the frame before goes first, then the largest sum of overlaps. `motmetrics`: the last
 * partner goes first, however long ago, then the most pairs, then the largest sum.
 */
export type TrackRules = 'trackeval' | 'motmetrics'

/** Names of the rules. */
export const TRACK_RULES: readonly TrackRules[] = ['trackeval', 'motmetrics']

/** Counts that can be added over classes and recordings. */
export interface TrackCounts {
  /** Times, labels and tracked boxes. */
  frames: number
  labels: number
  boxes: number
  /** Labels with a box that overlaps them by half; labels without; boxes without. */
  found: number
  missed: number
  other: number
  /** Times that a label was given to another track than the last. */
  switches: number
  /** Times that a label was found again after it was lost. */
  fragments: number
  /** Sum of the overlaps of pairs. */
  overlap: number
  /** Objects, those followed for more than 80 % of their times, and those for less than 20 %. */
  objects: number
  followed: number
  unfollowed: number
  /** Pairs under the one assignment of objects to tracks that makes most of them. */
  identified: number
}

/** Figures of tracks; null where nothing was labelled. */
export interface TrackFigures {
  /** 1 - (missed + other + switches) / labels; below 0 when there is more wrong than there is. */
  mota: number | null
  /** Mean overlap of pairs. */
  motp: number | null
  idf1: number | null
  idPrecision: number | null
  idRecall: number | null
}

/** A pair needs this overlap; the rounding of a sum does not decide. */
const LEAST = 0.5 - Number.EPSILON
/** More than all overlaps of a frame together. */
const FIRST = 1000

/**
 * Counts over the frames of one recording and one class, in the order of time.
 * @example
 * const counts = countTracks([{ labels: [{ id: 7, x: 0, y: 0, w: 9, h: 9 }], tracked: [] }], 'trackeval')
 * trackFigures(counts).mota // 0: the one label was missed
 */
export function countTracks(frames: readonly TrackFrame[], rules: TrackRules): TrackCounts {
  const counts = noTracks()
  const pairing = new Pairing(rules)
  const identities = new Identities()
  const last = new Map<number, number>()
  const times = new Map<number, { there: number; found: number; spans: number }>()
  for (const { labels, tracked } of frames) {
    counts.frames += 1
    counts.labels += labels.length
    counts.boxes += tracked.length
    const overlaps = labels.map((label) => tracked.map((box) => iou(label, box)))
    identities.add(labels, tracked, overlaps)
    const { partners, begun } = pairing.of(labels, tracked, overlaps)
    labels.forEach(({ id }, i) => {
      const of = times.get(id) ?? { there: 0, found: 0, spans: 0 }
      times.set(id, of)
      of.there += 1
      const j = partners[i]!
      if (j < 0) {
        counts.missed += 1
        return
      }
      counts.found += 1
      counts.overlap += overlaps[i]![j]!
      of.found += 1
      if (begun[i]) of.spans += 1
      const track = tracked[j]!.id
      if ((last.get(id) ?? track) !== track) counts.switches += 1
      last.set(id, track)
    })
  }
  counts.other = counts.boxes - counts.found
  for (const { there, found, spans } of times.values()) {
    counts.objects += 1
    if (found / there > 0.8) counts.followed += 1
    if (found / there < 0.2) counts.unfollowed += 1
    counts.fragments += Math.max(spans - 1, 0)
  }
  counts.identified = identities.most()
  return counts
}

/** Counts of nothing, to add to. */
export function noTracks(): TrackCounts {
  return {
    frames: 0,
    labels: 0,
    boxes: 0,
    found: 0,
    missed: 0,
    other: 0,
    switches: 0,
    fragments: 0,
    overlap: 0,
    objects: 0,
    followed: 0,
    unfollowed: 0,
    identified: 0,
  }
}

/** Counts of several recordings or classes together. */
export function sumTracks(parts: readonly TrackCounts[]): TrackCounts {
  const sum = noTracks()
  for (const part of parts)
    for (const key of Object.keys(sum) as (keyof TrackCounts)[]) sum[key] += part[key]
  return sum
}

/** The figures of counts. */
export function trackFigures(counts: TrackCounts): TrackFigures {
  const { labels, boxes, found, missed, other, switches, overlap, identified } = counts
  const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
  return {
    mota: labels === 0 ? null : 1 - (missed + other + switches) / labels,
    motp: share(overlap, found),
    idf1: labels === 0 ? null : (2 * identified) / (labels + boxes),
    idPrecision: share(identified, boxes),
    idRecall: share(identified, labels),
  }
}

/** Whom each label is given in a frame. */
class Pairing {
  readonly #assignment = new Assignment()
  /** Partner of each object: at the last time that had both (trackeval), or at its last time (motmetrics). */
  readonly #before = new Map<number, number>()
  /** Objects that were found at the last time that had both. */
  #found = new Set<number>()

  constructor(readonly rules: TrackRules) {}

  /** The box of each label, -1 for none, and whether it had none before. */
  of(
    labels: readonly TrackedBox[],
    tracked: readonly TrackedBox[],
    overlaps: readonly number[][],
  ): { partners: number[]; begun: boolean[] } {
    const none = labels.map(() => -1)
    if (labels.length === 0 || tracked.length === 0) return { partners: none, begun: [] }
    const kept = this.rules === 'motmetrics' ? this.#keep(labels, tracked, overlaps) : none
    const weights = this.#assignment.weights(labels.length, tracked.length)
    labels.forEach(({ id }, i) => {
      tracked.forEach((box, j) => {
        const overlap = overlaps[i]![j]!
        if (overlap < LEAST || kept[i]! >= 0 || kept.includes(j)) return
        const first = this.rules === 'motmetrics' || this.#before.get(id) === box.id
        weights[i * tracked.length + j] = first ? FIRST + overlap : overlap
      })
    })
    const solved = this.#assignment.solve()
    const partners = kept.map((j, i) => (j >= 0 ? j : solved[i]!))
    const begun = labels.map(({ id }) => !this.#found.has(id))
    this.#found = new Set(labels.filter((_, i) => partners[i]! >= 0).map(({ id }) => id))
    if (this.rules === 'trackeval') this.#before.clear()
    labels.forEach(({ id }, i) => {
      if (partners[i]! >= 0) this.#before.set(id, tracked[partners[i]!]!.id)
    })
    return { partners, begun }
  }

  /** Last partners that still overlap; of two labels with the same one the first has it. */
  #keep(
    labels: readonly TrackedBox[],
    tracked: readonly TrackedBox[],
    overlaps: readonly number[][],
  ): number[] {
    const taken = new Set<number>()
    return labels.map(({ id }, i) => {
      const j = tracked.findIndex((box) => box.id === this.#before.get(id))
      if (j < 0 || taken.has(j) || overlaps[i]![j]! < LEAST) return -1
      taken.add(j)
      return j
    })
  }
}

/** How often each object and each track overlap, over all times. */
class Identities {
  readonly #objects = new Map<number, number>()
  readonly #tracks = new Map<number, number>()
  readonly #meetings = new Map<number, Map<number, number>>()

  add(
    labels: readonly TrackedBox[],
    tracked: readonly TrackedBox[],
    overlaps: readonly number[][],
  ): void {
    labels.forEach(({ id }, i) => {
      const object = place(this.#objects, id)
      tracked.forEach((box, j) => {
        if (overlaps[i]![j]! < LEAST) return
        const met = this.#meetings.get(object) ?? new Map<number, number>()
        this.#meetings.set(object, met)
        const track = place(this.#tracks, box.id)
        met.set(track, (met.get(track) ?? 0) + 1)
      })
    })
  }

  /** Meetings under the assignment that has the most. */
  most(): number {
    const [rows, columns] = [this.#objects.size, this.#tracks.size]
    const assignment = new Assignment()
    const weights = assignment.weights(rows, columns)
    for (const [object, met] of this.#meetings)
      for (const [track, times] of met) weights[object * columns + track] = times
    let sum = 0
    assignment.solve().forEach((track, object) => {
      if (track >= 0) sum += weights[object * columns + track]!
    })
    return sum
  }
}

function place(places: Map<number, number>, id: number): number {
  const known = places.get(id)
  if (known !== undefined) return known
  places.set(id, places.size)
  return places.size - 1
}
