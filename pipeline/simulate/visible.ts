// What of each actor is to be seen as events, and hence its label. A detector is given events alone: a car that hides
// behind another, or that moves with the camera before a plain road, is there and cannot be found.
import type { Label } from '../sources/labels.js'
import type { Scene } from './scene.js'

/** A label needs so many pixels a side. */
const LEAST_SIDE = 8
/** Pixels that must fire in 50 ms for a whole mark, at least, and as a share of those that show the object. */
const LEAST_ACTIVE = 16
const LEAST_ACTIVE_SHARE = 0.08

interface Extent {
  left: number
  right: number
  top: number
  bottom: number
  pixels: number
  active: number
}

/**
 * Boxes around what is visible of each actor, by track. Confidence is the share of it that nothing hides, times how much
 * of that fires: 1 when at least 8 % of its pixels (16 at least) sent events that are not noise since the last label.
 * @param fired events of each pixel since then
 */
export function visibleLabels(scene: Scene, fired: Uint8Array, t: number): Label[] {
  const { owner, width } = scene.canvas
  const seen = new Map<number, Extent>()
  for (let i = 0; i < owner.length; i++) {
    const track = owner[i]!
    if (track === 0) continue
    const x = i % width
    const y = (i / width) | 0
    let box = seen.get(track)
    if (box === undefined) {
      box = { left: x, right: x, top: y, bottom: y, pixels: 0, active: 0 }
      seen.set(track, box)
    }
    box.pixels += 1
    if (fired[i]! > 0) box.active += 1
    if (x < box.left) box.left = x
    if (x > box.right) box.right = x
    box.bottom = y
  }
  const labels: Label[] = []
  for (const [trackId, { left, right, top, bottom, pixels, active }] of seen) {
    const classId = scene.classOf(trackId)
    const w = right + 1 - left
    const h = bottom + 1 - top
    if (classId === undefined || w < LEAST_SIDE || h < LEAST_SIDE) continue
    const visible = pixels / Math.max(scene.whole(trackId), pixels)
    const evidence = active / Math.max(LEAST_ACTIVE, LEAST_ACTIVE_SHARE * pixels)
    const confidence = Math.fround(visible * Math.min(evidence, 1))
    labels.push({ t, x: left, y: top, w, h, classId, confidence, trackId })
  }
  return labels.sort((a, b) => a.trackId - b.trackId)
}
