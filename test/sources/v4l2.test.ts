// Event cameras on V4L2, with a driver that is a script; and the layout of what goes to the kernel against its header.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import test from 'ava'
import { EventEncoder } from '../../pipeline/events/native.js'
import type { CameraOptions } from '../../pipeline/sources/camera.js'
import { openCamera } from '../../pipeline/sources/camera-registry.js'
import { argumentBytes, FIELDS, VIDIOC } from '../../pipeline/sources/v4l2-abi.js'
import { eventBytes } from '../../pipeline/sources/v4l2-frame.js'
import { FakeVideo, type FakeVideoOptions } from '../support/fake-video.js'
import { scratch } from '../support/folder.js'
import { type PlainEvent, packetOf } from '../support/packets.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

const look = (options: FakeVideoOptions, more: CameraOptions = {}, format?: string) =>
  openCamera(
    { kind: 'v4l2', device: '/dev/video0', format, transport: new FakeVideo(options) },
    more,
  )

test('calls and fields are those of the header of this system', (t) => {
  if (lacks(t, 'gcc')) return
  const lines = [
    ...Object.keys(VIDIOC).map((name) => `printf("%u\\n", (unsigned)VIDIOC_${name});`),
    ...Object.entries(FIELDS).flatMap(([struct, fields]) =>
      Object.keys(fields).map((field) => {
        const path =
          struct === 'format' && field !== 'type'
            ? `fmt.pix.${field}`
            : struct === 'buffer' && field === 'offset'
              ? 'm.offset'
              : struct === 'subdev_selection' && /left|top|width|height/.test(field)
                ? `r.${field}`
                : field
        return `printf("%zu\\n", offsetof(struct v4l2_${struct}, ${path}));`
      }),
    ),
  ]
  const source = scratch(t, 'abi.c')
  const headers = ['stddef.h', 'stdio.h', 'linux/videodev2.h', 'linux/v4l2-subdev.h']
  const includes = headers.map((name) => `#include <${name}>\n`).join('')
  writeFileSync(source, `${includes}int main(void) { ${lines.join('\n')} }`)
  execFileSync('gcc', ['-w', '-o', `${source}.out`, source])
  const said = execFileSync(`${source}.out`, { encoding: 'utf8' }).trim().split('\n').map(Number)
  const ours = [
    ...Object.values(VIDIOC),
    ...Object.values(FIELDS).flatMap((fields) => Object.values(fields)),
  ]
  t.deepEqual(said, ours)
  t.is(argumentBytes(VIDIOC.DQBUF), 88)
})

test('each format has its own marker, behind which stands what was there before', (t) => {
  const words = (list: number[]) => new Uint8Array(Uint32Array.from(list).buffer)
  t.is(eventBytes(new Uint8Array(Uint16Array.of(0x8001, 0x2003, 0xe019, 0x2003).buffer), 'evt3'), 4)
  t.is(eventBytes(new Uint8Array(Uint16Array.of(0x8001, 0x2003).buffer), 'evt3'), 4)
  t.is(eventBytes(words([0x80000001, 0x10203040, 0xe1234519, 0x10203040]), 'evt2'), 8)
  // The type is in the upper half of a word of 64 bits: the second one, and the first one where halves are exchanged.
  t.is(eventBytes(words([0xe0000019, 0x10203040, 5, 0xe1230019, 5, 5]), 'evt21'), 8)
  t.is(eventBytes(words([0x10203040, 0xe0000019, 0xe1230019, 5, 5, 5]), 'evt21-legacy'), 8)
  t.is(eventBytes(words([0x10203040, 0xe0000019]), 'evt21-legacy'), 8)
})

test('what the driver says of size and format holds, and what it does not say is asked for', async (t) => {
  const geometry = async (options: FakeVideoOptions, more?: CameraOptions, format?: string) =>
    (await look(options, more, format)).geometry
  t.deepEqual(await geometry({ native: { width: 1280, height: 720 } }), {
    width: 1280,
    height: 720,
  })
  t.deepEqual(await geometry({ sensor: 'genx320 10-003c' }), { width: 320, height: 320 })
  t.deepEqual(await geometry({ sensor: '' }), { width: 4096, height: 391 })
  t.deepEqual(await geometry({ fourcc: 'GREY' }, {}, 'evt21'), { width: 1280, height: 720 })
  const size = { width: 640, height: 480 }
  t.deepEqual(await geometry({ sensor: '', fourcc: 'GREY' }, { geometry: size }, 'evt3'), size)
  t.like(await t.throwsAsync(look({ fourcc: 'GREY' })), {
    code: 'ERR_ARGUMENT',
    message: 'the pixel format GREY of /dev/video0 does not say which events it holds',
    hint: 'name it: v4l2:/dev/video0:evt3, or evt2, evt21, evt21-legacy',
  })
  t.like(await t.throwsAsync(look({ sensor: '', fourcc: 'GREY' }, {}, 'evt3')), {
    message: '/dev/video0 does not say the size of its sensor',
  })
  t.like(await t.throwsAsync(look({ capabilities: 0x04a00000 })), {
    code: 'ERR_CONNECT',
    message: 'no connection to the event camera on /dev/video0: no frames can be taken from it',
  })
  t.like(await t.throwsAsync(look({}, {}, 'mjpeg')), { code: 'ERR_ARGUMENT' })
})

test('a camera is found by what its driver, its sensor or its bus is called', async (t) => {
  const transport = new FakeVideo({})
  for (const device of [undefined, 'imx636', '1f00110000.csi'])
    t.is(
      (await openCamera({ kind: 'v4l2', device, transport })).name,
      'the event camera on /dev/video0',
    )
  await t.throwsAsync(openCamera({ kind: 'v4l2', device: 'genx320', transport }), {
    code: 'ERR_CONNECT',
    message: 'no connection to the event camera on genx320: there is no such camera',
  })
  transport.plugged = false
  await t.throwsAsync(openCamera({ kind: 'v4l2', device: '/dev/video0', transport }), {
    message: 'no connection to the event camera on /dev/video0: there is no such device',
  })
})

test('biases, region and rate go to the sensor by name; what it lacks or refuses is told', async (t) => {
  const controls = [
    ['Bias Diff On', -85, 140],
    ['erc_rate', 0, 1_000_000_000],
    ['erc_enable', 0, 1],
  ] as const
  const transport = new FakeVideo({ controls })
  const open = async (settings: CameraOptions['settings']) => {
    const camera = await openCamera(
      { kind: 'v4l2', device: '/dev/video0', transport },
      { settings },
    )
    const failed = new Promise<unknown>((resolve) =>
      camera.subscribe({ next: (packet) => packet.release(), error: resolve }),
    )
    await Promise.race([failed, until(() => camera.state === 'up', 'it is up').catch(() => {})])
    await camera.close()
    return failed
  }
  void open({
    biases: { bias_diff_on: 20 },
    rate: 5_000_000,
    roi: { x: 8, y: 16, width: 320, height: 200 },
  })
  await until(() => transport.set.length === 4, 'all is set')
  t.deepEqual(transport.set, [
    'Bias Diff On=20',
    'erc_rate=5000000',
    'erc_enable=1',
    'crop=8,16,320,200',
  ])
  await until(() => !transport.streaming, 'it is closed')
  t.like(await open({ biases: { bias_fo: 1 } }), {
    code: 'ERR_ARGUMENT',
    message: 'the event camera on /dev/video0 has no control "bias_fo"',
    hint: 'it has bias_diff_on, erc_rate, erc_enable',
  })
  t.like(await open({ biases: { bias_diff_on: 999 } }), {
    message: 'bias_diff_on of the event camera on /dev/video0 must be -85 to 140, not 999',
  })
})

test('frames that nobody had a buffer for, and damaged ones, are counted', async (t) => {
  const transport = new FakeVideo({ frameBytes: 256 })
  const camera = await openCamera({ kind: 'v4l2', device: '/dev/video0', transport })
  let events = 0
  camera.subscribe((packet) => {
    events += packet.length
    packet.release()
  })
  await until(() => camera.state === 'up' && transport.streaming, 'it is up')
  const encoder = new EventEncoder('evt3', 1280, 720, 0)
  const frame = (t0: number) => {
    const row = Array.from({ length: 8 }, (_, i): PlainEvent => ({ t: t0 + i, x: i, y: 3, p: 1 }))
    const out = new Uint8Array(256)
    encoder.encode(packetOf(row), 0, row.length, out)
    return Uint8Array.from([...out.subarray(0, encoder.bytes), 0x19, 0xe0])
  }
  transport.deliver(frame(1000))
  await until(() => events === 8, 'the first frame comes')
  transport.lose(3)
  transport.deliver(frame(2000))
  transport.deliver(frame(3000), undefined, 0x40)
  transport.deliver(frame(4000))
  await until(() => events === 24, 'the others come')
  t.deepEqual({ ...camera.faults }, { lost_frames: 3, damaged_frames: 1 })
  await camera.close()
})
