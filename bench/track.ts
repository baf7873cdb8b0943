// The tracker on 50 boxes: how long one window takes. The boxes of `street` move as cars do, a few overlap; those of `crowd`
// all overlap, and detections come in changing order, which is the worst for the assignment.
import type { Detection, DetectionSet } from '../pipeline/detect/detection.js'
import { Tracker } from '../pipeline/track/tracker.js'
import type { Benchmark, Measurement } from './bench.js'
import { median } from './statistics.js'

const BOXES = 50
const WINDOWS = 4000
const WARM_UP = 2000

/** `npm run bench -- track` */
export const trackBenchmark: Benchmark = {
  name: 'track',
  about: 'one window of 50 boxes through the tracker',
  run: async () => ({ measurements: [time('street', 24), time('crowd', 2)] }),
}

/** Boxes on a grid of this pitch, each with a course of its own. */
function time(name: string, pitch: number): Measurement {
  const tracker = new Tracker({ high: 0.4 })
  const times: number[] = []
  let tracked = 0
  for (let i = 0; i < WINDOWS; i++) {
    const set = windowOf(i, pitch)
    const began = performance.now()
    const { detections } = tracker.update(set)
    times.push((performance.now() - began) * 1000)
    tracked += detections.filter(({ track }) => track !== undefined).length
  }
  const late = times.slice(WARM_UP)
  const per = tracked / WINDOWS
  const note = `median of ${late.length}; first ${times[0]!.toFixed(0)} µs, largest of the rest ${Math.max(...late).toFixed(0)} µs; ${per.toFixed(1)} of ${BOXES} with a track`
  return { name, value: median(late), unit: 'µs', note }
}

function windowOf(i: number, pitch: number): DetectionSet {
  const detections = Array.from({ length: BOXES }, (_, n): Detection => {
    const [row, column] = [Math.floor(n / 10), n % 10]
    const wobble = ((n * 7 + i * 13) % 11) / 10
    return {
      class: 0,
      label: 'car',
      score: 0.3 + ((n * 37 + i * 17) % 60) / 100,
      box: { x: column * pitch + wobble + i * 0.2, y: row * pitch + wobble, w: 40, h: 30 },
    }
  }).sort((a, b) => b.score - a.score)
  const [tStart, tEnd] = [i * 50_000, (i + 1) * 50_000]
  return { seq: i, tStart, tEnd, events: 1000, detections, dropped: { events: 0, windows: 0 } }
}
