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

/** Draws over a sensor of this size; the weakest first, so that the best lies on top. */
export function drawBoxes(
  canvas: HTMLCanvasElement,
  detections: readonly Detection[],
  sensor: { width: number; height: number },
  isLight: boolean,
): void {
  const { context, width, height } = sharpen(canvas)
  const scale = width / sensor.width
  const { font, height: tagHeight } = width >= LARGE ? TAGS.large : TAGS.small
  context.font = `600 ${font}px system-ui, sans-serif`
  context.textBaseline = 'middle'
  const edgesOf = ({ box: { x, y, w, h } }: Detection) =>
    [x, y, x + w, y + h].map((edge) => Math.round(edge * scale)) as [number, number, number, number]
  for (const detection of [...detections].reverse()) {
    const edges = edgesOf(detection)
    // A thin rim of the ground keeps the line apart from events of a like lightness.
    context.strokeStyle = isLight ? 'rgb(255 255 255 / 70%)' : 'rgb(0 0 0 / 70%)'
    context.lineWidth = LINE + 2
    outline(context, ...edges)
    context.strokeStyle = classColour(detection.class, isLight)
    context.lineWidth = LINE
    outline(context, ...edges)
  }
  // The best first: where tags would lie on each other, the weaker one looks for another place.
  const taken: Tag[] = []
  for (const detection of detections) {
    const text = tag(detection)
    const size = { width: context.measureText(text).width + 10, height: tagHeight }
    const place = placeTag(edgesOf(detection), size, { width, height }, taken)
    taken.push(place)
    context.fillStyle = classColour(detection.class, isLight)
    context.fillRect(place.left, place.top, place.width, place.height)
    context.fillStyle = isLight ? '#ffffff' : '#101010'
    context.fillText(text, place.left + 5, place.top + tagHeight / 2 + 0.5)
  }
}

interface Size {
  width: number
  height: number
}

interface Tag extends Size {
  left: number
  top: number
}

/** Above the box, below it, or inside at its upper or lower rim; within the picture, and on no other tag if that can be. */
function placeTag(
  [x0, y0, , y1]: [number, number, number, number],
  { width, height }: Size,
  picture: Size,
  taken: readonly Tag[],
): Tag {
  const left = Math.max(0, Math.min(x0, picture.width - width))
  const places = [y0 - height, y1, y0, y1 - height]
    .filter((top) => top >= 0 && top + height <= picture.height)
    .map((top) => ({ left, top, width, height }))
  const free = places.find((place) => !taken.some((other) => overlaps(place, other)))
  return free ?? places[0] ?? { left, top: Math.max(0, y0), width, height }
}

function overlaps(a: Tag, b: Tag): boolean {
  const apart = a.left >= b.left + b.width || b.left >= a.left + a.width
  return !(apart || a.top >= b.top + b.height || b.top >= a.top + a.height)
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
