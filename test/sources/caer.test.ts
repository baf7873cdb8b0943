// Cameras through libcaer, on a library that is compiled here and has its functions.
import test from 'ava'
import type { EventPacket } from '../../pipeline/events/packet.js'
import type { Camera, CameraOptions } from '../../pipeline/sources/camera.js'
import { openCamera } from '../../pipeline/sources/camera-registry.js'
import { CaerRig, caerEvent } from '../support/camera-rigs.js'
import { eventsOf, type PlainEvent } from '../support/packets.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

/** A camera that is read. */
async function reading(rig: CaerRig, options: CameraOptions = {}) {
  await rig.begin()
  const camera = await rig.open(options)
  const events: PlainEvent[] = []
  const triggers: EventPacket['triggers'] = []
  camera.subscribe((packet) => {
    events.push(...eventsOf(packet))
    triggers.push(...(packet.triggers ?? []))
    packet.release()
  })
  await until(() => camera.state === 'up' && rig.ready(), 'it is up', 20_000)
  return { camera, events, triggers }
}

async function end(rig: CaerRig, camera: Camera) {
  await camera.close()
  await rig.close()
}

test.serial('without the library there is one clear sentence, and what to do', async (t) => {
  const before = process.env.SACCADE_LIBCAER
  process.env.SACCADE_LIBCAER = 'libnosuchthing.so.7'
  const error = await t.throwsAsync(openCamera('caer:davis'), { code: 'ERR_CONNECT' })
  if (before === undefined) delete process.env.SACCADE_LIBCAER
  else process.env.SACCADE_LIBCAER = before
  t.regex(
    error!.message,
    /^no connection to the DAVIS: the library libnosuchthing\.so\.7 is not there \(.*\)$/,
  )
  t.is(
    (error as { hint?: string }).hint,
    'install libcaer (3.3 or later), or name it in SACCADE_LIBCAER',
  )
})

test('each model has its size and serial number; one that is not there is told', async (t) => {
  if (lacks(t, 'gcc')) return
  for (const [model, width, height] of [
    ['dvs128', 128, 128],
    ['davis', 346, 260],
  ] as const) {
    const rig = new CaerRig(model)
    await rig.begin()
    const camera = await rig.open({})
    t.deepEqual(camera.geometry, { width, height })
    t.is(camera.serial, rig.serial)
    await end(rig, camera)
  }
  await t.throwsAsync(openCamera('caer:dvs128:NONE'), {
    code: 'ERR_CONNECT',
    message: 'no connection to the DVS128 NONE: no such camera, or no access to it',
  })
  await t.throwsAsync(openCamera('caer:eye'), { code: 'ERR_ARGUMENT' })
})

test('what is no event is switched off, biases and region are set, and refusals are told', async (t) => {
  if (lacks(t, 'gcc')) return
  const rig = new CaerRig('davis')
  const { camera } = await reading(rig, {
    settings: { biases: { onBn: 1234 }, roi: { x: 10, y: 20, width: 100, height: 50 } },
  })
  await until(() => rig.heard.includes('1 44 69'), 'all is set')
  t.deepEqual(rig.heard.trim().split('\n'), [
    ...['set 2 4 0', 'set 3 2 0', 'set 3 3 0', 'set 3 4 0', 'set 5 11 1234'],
    ...['set 1 41 10', 'set 1 42 20', 'set 1 43 109', 'set 1 44 69'],
  ])
  await end(rig, camera)
  const settings = (biases: Record<string, number>) =>
    t.throwsAsync(openCamera('caer:dvxplorer:X', { settings: { biases } }))
  t.is((await settings({ gain: 3 }))?.message, 'a DVXplorer has no bias "gain"')
  await t.throwsAsync(openCamera('caer:dvs128:X', { settings: { rate: 5 } }), {
    message: 'a DVS128 has no rate control to set',
  })
  const stubborn = new CaerRig()
  await stubborn.begin()
  const refusing = await stubborn.open({ settings: { biases: { sensitivity: 0xffffffff } } })
  await t.throwsAsync(
    async () => {
      for await (const _ of refusing) t.fail()
    },
    { message: /it refused the setting 23 20 4294967295 \(module, parameter, value\)$/ },
  )
  await stubborn.close()
})

test('the overflow of stamps, triggers and a reset of the clock come out in one time', async (t) => {
  if (lacks(t, 'gcc')) return
  const rig = new CaerRig()
  const { camera, events, triggers } = await reading(rig)
  const at = (time: number): [number, number] => caerEvent({ t: time, x: 600, y: 400, p: 1 })
  const special = (type: number, time: number): [number, number] => [(type << 1) | 1, time]
  rig.records('E', [at(2 ** 31 - 10)])
  rig.records('E', [at(5)], 1)
  // A rising edge, and a falling one of the second input; then an event that is not valid.
  rig.records('S', [special(2, 20), special(7, 30)], 1)
  rig.records('E', [[at(40)[0] & ~1, 40], at(50)], 1)
  rig.records('S', [special(1, 0)])
  rig.records('E', [at(100), at(130)])
  await until(() => events.length === 5, 'all events come')
  const start = 2 ** 31
  t.deepEqual(
    events.map((event) => event.t - start),
    [-10, 5, 50, 50, 80],
  )
  t.deepEqual(events[0], { t: start - 10, x: 600, y: 400, p: 1 })
  await until(() => triggers!.length === 2, 'triggers come')
  t.deepEqual(triggers, [
    { t: start + 20, id: 0, value: 1 },
    { t: start + 30, id: 1, value: 0 },
  ])
  t.deepEqual({ ...camera.faults }, { other_records: 1 })
  await end(rig, camera)
})
