// One window as a picture: events, boxes with label and score, and a strip above with time and rate.
import type { Box, Detection } from '../detect/detection.js'
import { GLYPH_HEIGHT, textWidth } from './font.js'
import { CLASS_COLOURS, DARK, Ink, type Theme } from './palette.js'
import { Picture } from './picture.js'
import type { PolarityCounts } from './polarity.js'

/** A labelled object, drawn as a thin dashed frame under the detections. */
export interface TruthBox extends Box {
  classId: number
}

/** What the strip above a picture says; without it there is no strip. */
export interface StripText {
  left: string
  right?: string
}

/** How a window is drawn. */
export interface RenderOptions {
  /** Picture pixels per sensor pixel, an integer; default 3. */
  scale?: number
  theme?: Theme
  strip?: StripText
  truth?: readonly TruthBox[]
}

/**
 * Draws one window: sensor pixels as squares of `scale`, the strip above them.
 * @example
 * const picture = renderWindow(counts, set.detections, { scale: 3, strip: windowStrip(set, start) })
 */
export function renderWindow(
  counts: PolarityCounts,
  detections: readonly Detection[],
  options: RenderOptions = {},
): Picture {
  const scale = options.scale ?? 3
  const { width, height } = counts.geometry
  const top = options.strip === undefined ? 0 : stripHeight(scale)
  const picture = new Picture(width * scale, height * scale + top, options.theme ?? DARK)
  drawEvents(picture, counts, scale, top)
  if (options.strip !== undefined) drawStrip(picture, options.strip, scale, top)
  for (const box of options.truth ?? []) drawTruth(picture, box, scale, top)
  // Best last, so that its tag lies on top.
  for (const detection of [...detections].reverse()) drawDetection(picture, detection, scale, top)
  return picture
}

/** Rows of the strip at a scale. */
export function stripHeight(scale: number): number {
  return (GLYPH_HEIGHT + 5) * textScale(scale)
}

function textScale(scale: number): number {
  return scale >= 3 ? 2 : 1
}

function drawEvents(picture: Picture, counts: PolarityCounts, scale: number, top: number): void {
  const { width, height } = counts.geometry
  for (let y = 0; y < height; y++) {
    const row = (top + y * scale) * picture.width
    for (let x = 0; x < width; x++) {
      const on = counts.on[y * width + x]!
      const off = counts.off[y * width + x]!
      if (on + off === 0) continue
      const shades = on >= off ? Ink.on : Ink.off
      const ink = shades[Math.min(3, Math.max(on, off)) - 1]!
      picture.pixels.fill(ink, row + x * scale, row + (x + 1) * scale)
    }
    for (let copy = 1; copy < scale; copy++) {
      picture.pixels.copyWithin(row + copy * picture.width, row, row + picture.width)
    }
  }
}

function drawStrip(picture: Picture, strip: StripText, scale: number, top: number): void {
  const size = textScale(scale)
  picture.fill(0, 0, picture.width, top, Ink.strip)
  picture.text(strip.left, 4 * size, 3 * size, Ink.text, size)
  const right = strip.right ?? ''
  const x = picture.width - textWidth(right) * size - 4 * size
  // A narrow picture drops the right half rather than writing over the left one.
  if (x > textWidth(strip.left) * size + 10 * size) {
    picture.text(right, x, 3 * size, Ink.faint, size)
  }
}

/** Outer edge of a box in picture pixels. */
function edges(box: Box, scale: number, top: number): [number, number, number, number] {
  return [
    Math.round(box.x * scale),
    Math.round(box.y * scale) + top,
    Math.round((box.x + box.w) * scale),
    Math.round((box.y + box.h) * scale) + top,
  ]
}

function drawTruth(picture: Picture, box: TruthBox, scale: number, top: number): void {
  picture.frame(...edges(box, scale, top), Ink.truth, 1, scale + 1)
}

function drawDetection(picture: Picture, detection: Detection, scale: number, top: number): void {
  const ink = Ink.classes + (detection.class % CLASS_COLOURS)
  const size = textScale(scale)
  const [x0, y0, x1, y1] = edges(detection.box, scale, top)
  picture.frame(x0, y0, x1, y1, ink, scale >= 3 ? 2 : 1)
  const track = detection.track === undefined ? '' : ` #${detection.track}`
  const tag = `${detection.label} ${detection.score.toFixed(2)}${track}`
  const width = (textWidth(tag) + 4) * size
  const height = (GLYPH_HEIGHT + 1) * size
  // Above the box; inside it where the picture ends, and never past the right rim.
  const tagY = y0 - height >= top ? y0 - height : y0
  const tagX = Math.max(0, Math.min(x0, picture.width - width))
  picture.fill(tagX, tagY, tagX + width, tagY + height, ink)
  picture.text(tag, tagX + 2 * size, tagY + size, Ink.onAccent, size)
}
