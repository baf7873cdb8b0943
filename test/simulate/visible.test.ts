import test from 'ava'
import { PLAIN_RIDE } from '../../pipeline/simulate/camera.js'
import { LogCanvas } from '../../pipeline/simulate/canvas.js'
import { Mesh } from '../../pipeline/simulate/mesh.js'
import { type Actor, Scene } from '../../pipeline/simulate/scene.js'
import { visibleLabels } from '../../pipeline/simulate/visible.js'

/** A board of 2 x 1 metres, from x to x + 2, at a distance. */
function board(x: number, z: number, classId: number | undefined): Actor {
  return {
    classId,
    path: () => ({ x, z }),
    reach: 0,
    paint: (painter, at) => {
      const right = at.x + 2
      painter.polygon([at.x, 0, at.z, right, 0, at.z, right, 1, at.z, at.x, 1, at.z], 1)
    },
  }
}

/** A camera in the middle of the street that sees the boards before an empty background. */
function look(...actors: Actor[]) {
  const canvas = new LogCanvas(100, 80)
  const ride = {
    ...PLAIN_RIDE,
    speed: 0,
    height: 0.5,
    shake: 0,
    focal: 100,
    centreX: 50,
    horizon: 40,
    phase: 0,
  }
  const nothing = new Mesh(0)
  const everywhere = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const
  const surroundings = {
    skyline: nothing,
    ground: [],
    walls: [],
    standing: [],
    corridor: everywhere,
  }
  const scene = new Scene(canvas, ride, surroundings, actors)
  canvas.tracking = true
  scene.paint(0)
  return scene
}

const PIXELS = 100 * 80
const all = new Uint8Array(PIXELS).fill(1)

test('a label is the box of what shows, and its confidence the share of it that nothing hides', (t) => {
  const alone = visibleLabels(look(board(-1, 10, 0)), all, 50_000)
  t.deepEqual(alone, [
    { t: 50_000, x: 40, y: 35, w: 20, h: 10, classId: 0, confidence: 1, trackId: 1 },
  ])
  // A nearer board of another class covers its right half.
  const both = visibleLabels(look(board(-1, 10, 0), board(0, 8, 3)), all, 50_000)
  const { x, w, classId, confidence } = both[0]!
  t.deepEqual({ x, w, classId }, { x: 40, w: 10, classId: 0 })
  t.true(Math.abs(confidence - 0.5) < 0.06, `${confidence}`)
  t.deepEqual([both[1]!.classId, both[1]!.confidence], [3, 1])
})

test('what sends no events has no confidence, what sends few has little', (t) => {
  const scene = look(board(-1, 10, 0))
  const fired = new Uint8Array(PIXELS)
  t.is(visibleLabels(scene, fired, 0)[0]!.confidence, 0)
  for (let i = 0; i < 8; i++) fired[38 * 100 + 42 + i] = 3
  t.is(visibleLabels(scene, fired, 0)[0]!.confidence, 0.5, '8 of the 16 pixels that it takes')
})

test('what nobody looks for has no label, nor what is too small', (t) => {
  t.deepEqual(visibleLabels(look(board(-1, 10, undefined)), all, 0), [])
  t.deepEqual(visibleLabels(look(board(-1, 30, 0)), all, 0), [])
})
