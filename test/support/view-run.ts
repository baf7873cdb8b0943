// A live page over a short recording whose boxes are known, without a network: what pages are told and shown.
import type { ExecutionContext } from 'ava'
import type { DetectionSet } from '../../pipeline/detect/detection.js'
import type { Model } from '../../pipeline/detect/model.js'
import type { Session } from '../../pipeline/detect/session.js'
import { writeDat } from '../../pipeline/index.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { LiveView, type ViewOptions } from '../../pipeline/view/live/view.js'
import { scratch } from './folder.js'
import { Random } from './make-plan.js'
import { packetOf } from './packets.js'
import { smallPlan } from './small-plan.js'

/** Windows of 50 ms in the recording. */
export const WINDOWS = 8
export const GEOMETRY = { width: 304, height: 240 }
const window = { durationUs: 50_000, hopUs: 50_000 }

/** Where the k-th window has its box, on whole pixels. */
export function boxOf(k: number): { x: number; y: number; w: number; h: number } {
  return { x: 40 + 8 * k, y: 100, w: 60, h: 48 }
}

/** The k-th window; one car, which is track 7. */
export function setOf(k: number): DetectionSet {
  return {
    seq: k,
    tStart: k * 50_000,
    tEnd: (k + 1) * 50_000,
    events: 1000 + k,
    detections: [{ class: 0, label: 'car', score: 0.83, box: boxOf(k), track: 7 }],
    dropped: { events: 0, windows: 0 },
  }
}

/** A DAT file with a thousand events in each window, many on the same pixels. */
export async function drive(t: ExecutionContext): Promise<string> {
  const path = scratch(t, 'drive_td.dat')
  const random = new Random(7)
  const { width, height } = GEOMETRY
  await using file = await writeDat(path, { geometry: GEOMETRY })
  const events = Array.from({ length: WINDOWS * 1000 }, (_, i) => {
    const [x, y] =
      i % 3 === 0 ? [random.next(9), random.next(9)] : [random.next(width), random.next(height)]
    return { t: i * 50, x, y, p: random.next(2) }
  })
  await file.write(packetOf(events, GEOMETRY))
  await file.close()
  return path
}

/** A view on a free port: of a recording when there is a path, else of a camera. Closed with the test. */
export async function openView(
  t: ExecutionContext,
  path: string | undefined,
  options: Partial<ViewOptions> = {},
): Promise<LiveView> {
  const plan = smallPlan()
  const session = { plan, labels: ['car'], isa: 'scalar', backend: 'native' } as Partial<Session>
  const model = { name: 'car', sha256: 'ab'.repeat(32), labels: ['car'] } as Partial<Model>
  const view = await LiveView.open({
    listen: '127.0.0.1:0',
    source: path === undefined ? 'the camera' : 'drive_td.dat',
    start: path === undefined ? undefined : 0,
    geometry: GEOMETRY,
    window,
    model: model as Model,
    session: session as Session,
    threads: 1,
    ledger: new Ledger(),
    sinks: [],
    recording: path === undefined ? undefined : await openRecording(path),
    paced: false,
    ...options,
  })
  t.teardown(() => view.close())
  return view
}
