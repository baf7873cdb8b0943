// Recordings over pipes and sockets, as files and live.
import { createReadStream, readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { digestRecording } from '../../pipeline/events/digest.js'
import { EventPacket } from '../../pipeline/events/packet.js'
import { openBytes } from '../../pipeline/sources/bytes.js'
import { liveStream } from '../../pipeline/sources/live-stream.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { replay } from '../../pipeline/sources/replay.js'
import { createRecording } from '../../pipeline/sources/writers.js'
import { scratch } from '../support/folder.js'
import { eventsOf, type PlainEvent } from '../support/packets.js'
import { sharedPath, skipWithout } from '../support/shared.js'
import { until } from '../support/wait.js'

/** A server that does something with each client; its address as tcp:// and unix: specs. */
async function serve(t: ExecutionContext, serveOne: (socket: Socket, n: number) => void) {
  let clients = 0
  const specs: string[] = []
  const sockets = new Set<Socket>()
  for (const where of [{ port: 0, host: '127.0.0.1' }, { path: scratch(t, 'events.sock') }]) {
    const server: Server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      serveOne(socket, clients++)
    })
    await new Promise<void>((resolve) => server.listen(where, resolve))
    const address = server.address()
    specs.push(typeof address === 'string' ? `unix:${address}` : `tcp://127.0.0.1:${address!.port}`)
    t.teardown(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
  }
  return { specs, sockets }
}

const recordingFile = () => sharedPath('recordings/formats/evt3_trigger_1280x720.raw')

async function wholeOf(path: string): Promise<PlainEvent[]> {
  await using recording = await openRecording(path)
  const packet = new EventPacket()
  const events: PlainEvent[] = []
  while (await recording.next(packet)) events.push(...eventsOf(packet))
  return events
}

test('a recording over a socket in odd pieces has the events of the file, and its triggers', async (t) => {
  const path = recordingFile()
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const want = await wholeOf(path)
  const file = readFileSync(path)
  const { specs } = await serve(t, async (socket) => {
    for (let at = 0, k = 0; at < file.length; k++) {
      const size = [7, 333, 1, 40_000][k % 4]!
      const piece = file.subarray(at, at + size)
      at += size
      if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
    socket.end()
  })
  for (const spec of specs) {
    const recording = await openRecording(spec)
    t.is(recording.path, spec)
    t.false(recording.seekable)
    t.is(recording.progress.total, undefined)
    const events: PlainEvent[] = []
    let triggers = 0
    for await (const packet of replay(recording)) {
      events.push(...eventsOf(packet))
      triggers += packet.triggers?.length ?? 0
    }
    t.is(events.length, want.length)
    t.deepEqual(events.at(-1), want.at(-1))
    t.is(JSON.stringify(events), JSON.stringify(want))
    t.is(triggers, 2)
    t.is(recording.progress.bytes, file.length)
  }
})

test('a range of a stream is the range of the file', async (t) => {
  const path = recordingFile()
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const { specs } = await serve(t, (socket) => createReadStream(path).pipe(socket))
  const times = async (source: string) => {
    const list: number[] = []
    for await (const packet of replay(source, { from: '50ms', to: '90ms' }))
      list.push(...eventsOf(packet).map((event) => event.t))
    return list
  }
  const want = await times(path)
  t.true(want.length > 1000)
  t.deepEqual(await times(specs[0]!), want)
})

test('what a slow sender has sent is handed on before the rest comes, and a stop ends the wait', async (t) => {
  const words = Uint16Array.of(0x8001, 0x0002, 0x2003)
  const { specs } = await serve(t, (socket) => socket.write(Buffer.from(words.buffer)))
  const stop = new AbortController()
  const options = { format: 'evt3', geometry: { width: 8, height: 8 }, signal: stop.signal }
  let seen = 0
  for await (const packet of replay(specs[0]!, options)) {
    t.deepEqual(eventsOf(packet), [{ t: 4096, x: 3, y: 2, p: 0 }])
    seen += 1
    stop.abort()
  }
  t.is(seen, 1)
})

test('the first bytes are waited for until a second after the first one: no longer, and no shorter', async (t) => {
  const chip = '#!AER-DAT2.0\r\n# AEChip: Dvs128\r\n'
  const event = Buffer.of(0, 0, 2, 1, 0, 0, 0, 9)
  const { specs } = await serve(t, async (socket, n) => {
    const pieces = n === 0 ? [chip, event] : n === 1 ? ['t,x,y,p\n', '5,1,2,1\n'] : []
    for (const piece of pieces) {
      socket.write(piece)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    if (n < 2) return
    const timer = setInterval(() => socket.write('%%%%'), 100)
    socket.on('close', () => clearInterval(timer))
  })
  for (const format of ['AEDAT 2.0, DVS128', 'CSV, columns t x y p, times in µs']) {
    await using recording = await openRecording(specs[0]!)
    t.is(recording.format, format)
    const packet = new EventPacket()
    t.true(await recording.next(packet))
    t.is(packet.length, 1)
  }
  await using slow = await openBytes(specs[0]!)
  const head = await slow.peek(65_600)
  t.true(head.length > 4 && head.length < 1000, `${head.length} bytes`)
})

test('a stream has no digest, since it cannot be read again', async (t) => {
  const { specs } = await serve(t, (socket) => socket.end(Buffer.from([1, 0x80, 2, 0, 3, 0x20])))
  await using recording = await openRecording(specs[0]!, { format: 'evt3' })
  const error = await t.throwsAsync(digestRecording(recording), { code: 'ERR_ARGUMENT' })
  t.is(error?.message, `${specs[0]} is a stream, and the digest reads its input four times`)
  t.true(await recording.next(new EventPacket()))
  await t.throwsAsync(recording.seek(0), { code: 'ERR_ARGUMENT' })
})

test('an address that is none, and one where nobody is, have their own sentences', async (t) => {
  const { specs } = await serve(t, (socket) => socket.end())
  const sentence = async (spec: string, code: string) =>
    (await t.throwsAsync(openRecording(spec), { code }))?.message
  t.is(await sentence('tcp://host', 'ERR_ARGUMENT'), '"tcp://host" is no address of a byte stream')
  t.is(
    await sentence('unix:/nonexistent/x.sock', 'ERR_CONNECT'),
    'cannot reach unix:/nonexistent/x.sock: there is no such socket',
  )
  t.is(
    await sentence('tcp://127.0.0.1:9', 'ERR_CONNECT'),
    'cannot reach tcp://127.0.0.1:9: nobody listens there',
  )
  t.is(await sentence(specs[0]!, 'ERR_TRUNCATED'), `${specs[0]} is empty`)
  await using bytes = await openBytes(specs[0]!)
  t.throws(() => bytes.seek(0), { code: 'ERR_ARGUMENT' })
})

test('a recording is written to a socket as to a file', async (t) => {
  const path = recordingFile()
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const got: Buffer[] = []
  let ended = false
  const { specs } = await serve(t, (socket) => {
    socket
      .on('data', (bytes) => got.push(bytes as Buffer))
      .on('end', () => {
        ended = true
      })
  })
  const copy = scratch(t, 'copy.raw')
  await using original = await openRecording(path)
  for (const output of [specs[1]!, copy]) {
    await using file = await createRecording(output, {
      geometry: original.geometry!,
      format: 'evt3',
    })
    const packet = new EventPacket()
    await original.seek(0)
    while (await original.next(packet)) await file.write(packet)
    await file.close()
  }
  await until(() => ended, 'the end comes', 8000)
  t.deepEqual(Buffer.concat(got), readFileSync(copy))
  await using read = await openRecording(copy)
  t.is((await digestRecording(read)).digest, (await digestRecording(original)).digest)
})

test('a live stream comes back after it broke, and its time goes on', async (t) => {
  const path = recordingFile()
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const file = readFileSync(path)
  const { specs } = await serve(t, (socket, n) => {
    socket.write(n < 2 ? file.subarray(0, 60_000) : file, () => {
      if (n < 2) socket.destroy()
    })
  })
  const stop = new AbortController()
  const notices: string[] = []
  const source = await liveStream(specs[0]!, {
    signal: stop.signal,
    notice: (sentence) => notices.push(sentence),
    random: () => 0,
  })
  t.deepEqual(source.geometry, { width: 1280, height: 720 })
  let last = 0
  let events = 0
  let reconnects = 0
  let triggers = 0
  for await (const packet of source) {
    if (packet.length > 0) {
      t.true(packet.live)
      t.true(packet.first >= last, 'time does not go back')
      last = packet.last
    }
    events += packet.length + packet.dropped
    reconnects += packet.faults?.reconnect ?? 0
    triggers += packet.triggers?.length ?? 0
    if (reconnects >= 2 && triggers >= 2) stop.abort()
  }
  t.true(events > 13_487, `${events}`)
  t.regex(notices[0]!, /^lost the EVT3 stream on tcp:/)
  t.is(source.state, 'closed')
})

test('a live stream reads what files of its format have at their end, and counts what the end has cut', async (t) => {
  const aedat4 = sharedPath('recordings/formats/made/aedat4_none.aedat4')
  const cases: [bytes: Uint8Array, events: number, faults: object][] = [
    [Buffer.from('%geometry:8,8\nt,x,y,p\n1,2,3,1\n2,2,3,1'), 2, {}],
    [
      Buffer.from('% evt 3.0\n% geometry 8x8\n% end\n\x01\x80\x02\x00\x03\x20\x03', 'latin1'),
      1,
      { trailing_bytes: 1 },
    ],
    // Behind its packets stands their table.
    ...(aedat4
      ? [[readFileSync(aedat4), (await wholeOf(aedat4)).length, { imu_packets: 5 }] as const]
      : []),
  ].map(([bytes, events, faults]) => [bytes as Uint8Array, events as number, faults as object])
  for (const [bytes, events, faults] of cases) {
    const { specs } = await serve(t, (socket) => socket.end(bytes))
    const stop = new AbortController()
    const notice = (sentence: string) => sentence.startsWith('lost') && stop.abort()
    const source = await liveStream(specs[0]!, { signal: stop.signal, notice })
    let got = 0
    for await (const packet of source) got += packet.length + packet.dropped
    t.is(got, events)
    t.deepEqual(source.faults, { ...faults, reconnect: 1 })
  }
})

test('a live stream without a size is refused; an absent one is waited for when asked', async (t) => {
  const { specs } = await serve(t, (socket) => socket.write(Buffer.from([1, 0x80, 2, 0, 3, 0x20])))
  const error = await t.throwsAsync(liveStream(specs[0]!, { format: 'evt3' }), {
    code: 'ERR_ARGUMENT',
  })
  t.is(error?.message, `${specs[0]} does not say the size of its sensor`)
  await t.throwsAsync(liveStream('unix:/nonexistent/x.sock'), { code: 'ERR_CONNECT' })
  const stop = new AbortController()
  const notices: string[] = []
  const waiting = liveStream('unix:/nonexistent/x.sock', {
    wait: true,
    signal: stop.signal,
    notice: (sentence) => {
      notices.push(sentence)
      stop.abort()
    },
  })
  await t.throwsAsync(waiting)
  t.deepEqual(notices, [
    'cannot reach unix:/nonexistent/x.sock: there is no such socket; trying again',
  ])
})
