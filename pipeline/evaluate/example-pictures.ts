// What went wrong in an evaluation, as pictures: for its page, and as one sheet for a model's card.
import type { Geometry } from '../events/packet.js'
import { openRecording } from '../sources/open.js'
import type { OpenOptions } from '../sources/recording.js'
import { Ink } from '../view/palette.js'
import type { Picture } from '../view/picture.js'
import { windowCounts } from '../view/recording-pictures.js'
import { renderWindow } from '../view/render.js'
import { contactSheet } from '../view/sheet.js'
import type { Example, ExampleList } from './examples.js'
import { checkStop } from './label-windows.js'

/** What is drawn, and how the recordings of the examples are read again. */
export interface ExamplePictures {
  examples: ExampleList
  /** Length of the windows that pictures show, µs. */
  durationUs: number
  /** Sensor size of recordings that do not say it. */
  geometry: Geometry
  open?: OpenOptions
  signal?: AbortSignal
}

const SCALE = 2
/** Distance of the frame that points at a box, picture pixels. */
const HALO = 5
const ACROSS = 3

/**
 * The worst three misses above the worst three false alarms; fewer where there are fewer, undefined where nothing went wrong
 * or no recording is there.
 */
export async function failureSheet(
  names: ReadonlyMap<number, string>,
  pictures: ExamplePictures,
): Promise<Picture | undefined> {
  const drawn: Picture[] = []
  for (const examples of [pictures.examples.misses, pictures.examples.alarms])
    for (const example of examples.slice(0, ACROSS)) {
      checkStop(pictures.signal)
      const picture = await drawExample(example, names, pictures)
      if (picture !== undefined) drawn.push(picture)
    }
  return drawn.length === 0 ? undefined : contactSheet(drawn, ACROSS)
}

/** The window that ends at the label, its labels dashed, the boxes above the threshold, and a frame around the one meant. */
export async function drawExample(
  { files, t, box, labels, detections }: Example,
  names: ReadonlyMap<number, string>,
  { open, geometry, durationUs }: ExamplePictures,
): Promise<Picture | undefined> {
  if (files.recording === undefined) return undefined
  await using recording = await openRecording(files.recording, open)
  const window = { tStart: t - durationUs, tEnd: t }
  const counts = await windowCounts(recording, window, recording.geometry ?? geometry)
  const named = detections.map((box) => ({ ...box, label: names.get(box.class)! }))
  const picture = renderWindow(counts, named, { scale: SCALE, truth: labels })
  const edge = (at: number, halo: number) => Math.round(at * SCALE) + halo
  picture.frame(
    edge(box.x, -HALO),
    edge(box.y, -HALO),
    edge(box.x + box.w, HALO),
    edge(box.y + box.h, HALO),
    Ink.text,
  )
  return picture
}
