// Boxes over the picture, drawn at the resolution of the screen.
import type { Detection } from '../../detect/detection.js'
import { CLASS_COLOURS, DARK, Ink, LIGHT } from '../palette.js'
import { sharpen } from './dom.js'

const LINE = 2
/** CSS pixels; where the picture is small tags are, too. */
const TAGS = { large: { font: 12, height: 18 }, small: { font: 9, height: 13 } }
/** Width from which a picture is large. */
const LARGE = 480

/** The colour of a class, as CSS has it. */
export function classColour(index: number, isLight: boolean): string {
  const at = (Ink.classes + (index % CLASS_COLOURS)) * 3
  const [r, g, b] = (isLight ? LIGHT : DARK).subarray(at, at + 3)
  return `rgb(${r} ${g} ${b})`
}

/** "car 0.83 #7" */
export function tag({ label, score, track }: Detection): string {
  return `${label} ${score.toFixed(2)}${track === undefined ? '' : ` #${track}`}`
}

/** Draws over a sensor of `width` pixels; the weakest first, so that the best lies on top. */
export function drawBoxes(
  canvas: HTMLCanvasElement,
  detections: readonly Detection[],
  sensor: { width: number; height: number },
  isLight: boolean,
): void {
  const { context, width } = sharpen(canvas)
  const scale = width / sensor.width
  const { font, height: tagHeight } = width >= LARGE ? TAGS.large : TAGS.small
  context.font = `600 ${font}px system-ui, sans-serif`
  context.textBaseline = 'middle'
  for (const detection of [...detections].reverse()) {
    const ink = classColour(detection.class, isLight)
    const { x, y, w, h } = detection.box
    const [left, top, right, bottom] = [x, y, x + w, y + h].map((edge) => Math.round(edge * scale))
    // A thin rim of the ground keeps the line apart from events of a like lightness.
    context.strokeStyle = isLight ? 'rgb(255 255 255 / 70%)' : 'rgb(0 0 0 / 70%)'
    context.lineWidth = LINE + 2
    outline(context, left!, top!, right!, bottom!)
    context.strokeStyle = ink
    context.lineWidth = LINE
    outline(context, left!, top!, right!, bottom!)
    const text = tag(detection)
    const wide = context.measureText(text).width + 10
    // Above the box; inside it where the picture ends, and never past the right rim.
    const tagTop = top! >= tagHeight ? top! - tagHeight : top!
    const tagLeft = Math.max(0, Math.min(left!, width - wide))
    context.fillStyle = ink
    context.fillRect(tagLeft, tagTop, wide, tagHeight)
    context.fillStyle = isLight ? '#ffffff' : '#101010'
    context.fillText(text, tagLeft + 5, tagTop + tagHeight / 2 + 0.5)
  }
}

function outline(
  context: CanvasRenderingContext2D,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
) {
  const half = LINE / 2
  context.strokeRect(x0 + half, y0 + half, Math.max(0, x1 - x0 - LINE), Math.max(0, y1 - y0 - LINE))
}
