import test from 'ava'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { RosbridgeSink } from '../../pipeline/sinks/rosbridge.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { ScriptedBridge } from '../support/scripted-bridge.js'
import { header, makeLiveSet, makeSet, summary } from '../support/sets.js'
import { until } from '../support/wait.js'

test('a replay arrives whole as Detection2DArray, boxes by their middle, tracks as ids', async (t) => {
  const bridge = await ScriptedBridge.start(['vision_msgs', 'std_msgs'])
  const sink = new RosbridgeSink({ url: `ws://127.0.0.1:${bridge.port}`, frame: 'eye' })
  const ledger = new Ledger()
  const outlet = new Outlet(sink, ledger, { live: false })
  await outlet.open(header, { wait: false })
  t.is(sink.state, 'up')
  const first = makeSet(1_200_000, 2)
  first.detections[0]!.track = 9
  await outlet.push(first)
  for (let seq = 1; seq < 200; seq++) await outlet.push(makeSet(seq))
  await outlet.close(summary)
  ledger.check()
  t.deepEqual(bridge.refused, [])
  t.is(bridge.published.length, 200)
  t.true(bridge.published.every(({ topic }) => topic === '/saccade/detections'))
  const head = { stamp: { sec: 60_000, nanosec: 50_000_000 }, frame_id: 'eye' }
  const { x, y, w, h } = first.detections[0]!.box
  const { msg, type } = bridge.published[0]!
  t.is(type, 'vision_msgs/msg/Detection2DArray')
  t.deepEqual(msg.header, head)
  t.deepEqual((msg.detections as unknown[])[0], {
    header: head,
    results: [{ hypothesis: { class_id: 'car', score: 0.9 } }],
    bbox: {
      center: { position: { x: x + w / 2, y: y + h / 2 }, theta: 0 },
      size_x: w,
      size_y: h,
    },
    id: '9',
  })
  t.is((msg.detections as { id: string }[])[1]!.id, '')
  t.deepEqual(bridge.unadvertised, ['/saccade/detections'])
  await bridge.stop()
})

test('a bridge without vision_msgs gets the records as text', async (t) => {
  const bridge = await ScriptedBridge.start(['std_msgs'])
  const notices: string[] = []
  const sink = new RosbridgeSink(
    { url: `ws://127.0.0.1:${bridge.port}`, topic: '/eye' },
    { notice: (sentence) => notices.push(sentence) },
  )
  const outlet = new Outlet(sink, new Ledger(), { live: false })
  await outlet.open(header, { wait: false })
  for (let seq = 0; seq < 5; seq++) await outlet.push(makeSet(seq))
  await outlet.close(summary)
  t.deepEqual(
    bridge.published.map(({ topic, type, msg }) => [topic, type, JSON.parse(String(msg.data)).seq]),
    [0, 1, 2, 3, 4].map((seq) => ['/eye/json', 'std_msgs/msg/String', seq]),
  )
  t.is(bridge.refused.length, 1)
  t.regex(
    notices.join('\n'),
    /cannot take vision_msgs\/msg\/Detection2DArray .+ JSON on \/eye\/json/,
  )
  await bridge.stop()
})

test('live, a bridge may be absent, die and come back; losses are told and stamps are Unix time', async (t) => {
  const bridge = await ScriptedBridge.start(['vision_msgs'])
  const { port } = bridge
  await bridge.stop()
  const sink = new RosbridgeSink({ url: `ws://127.0.0.1:${port}` }, { random: () => 0.05 })
  const ledger = new Ledger()
  const outlet = new Outlet(sink, ledger, { live: true })
  await outlet.open(header, { wait: true })
  let seq = 0
  const timer = setInterval(() => void outlet.push(makeLiveSet(seq++)), 10)
  await until(() => (sink.dropped.offline ?? 0) > 3, 'sets are lost')
  const back = await ScriptedBridge.start(['vision_msgs'], port)
  await until(() => back.published.length > 3, 'sets arrive')
  const { stamp } = back.published[0]!.msg.header as { stamp: { sec: number } }
  t.true(Math.abs(stamp.sec - Date.now() / 1000) < 30)
  await back.stop()
  await until(() => sink.state === 'lost', 'the loss is seen')
  const again = await ScriptedBridge.start(['vision_msgs'], port)
  await until(() => again.published.length > 3, 'sets arrive again')
  clearInterval(timer)
  await outlet.close(summary)
  ledger.check()
  t.deepEqual(again.refused, [])
  await again.stop()

  const absent = new RosbridgeSink({ url: `ws://127.0.0.1:${port}` }, { giveUpMs: 50 })
  await t.throwsAsync(absent.open(header, { wait: false, live: false }), {
    code: 'ERR_CONNECT',
    message: /nobody listens there/,
  })
  t.throws(() => new RosbridgeSink({ url: 'http://robot' }), { code: 'ERR_ARGUMENT' })
  t.is(new RosbridgeSink({ url: 'ws://[::1]' }).name, 'rosbridge:[::1]:9090/saccade/detections')
})
