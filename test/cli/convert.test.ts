import { spawn } from 'node:child_process'
import { createReadStream, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import test from 'ava'
import { convert } from '../../pipeline/convert.js'
import { digestRecording } from '../../pipeline/events/digest.js'
import { openRecording } from '../../pipeline/sources/open.js'
import { surveyRecording } from '../../pipeline/sources/survey.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { killAtExit } from '../support/children.js'
import { scratch } from '../support/folder.js'
import { programPath, saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'
import { until } from '../support/wait.js'

const TRIGGERS = 'recordings/formats/evt3_trigger_1280x720.raw'
const DRIVING = 'recordings/formats/evt3_driving_1280x720.raw'

async function digestOf(path: string) {
  await using recording = await openRecording(path)
  return (await digestRecording(recording)).digest
}

test('convert writes any format by the name of the output, triggers kept or told', async (t) => {
  const path = sharedPath(TRIGGERS)
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const want = await digestOf(path)
  const dat = scratch(t, 'copy_td.dat')
  const first = await saccade(['convert', path, dat])
  t.deepEqual([first.code, first.stderr], [0, ''])
  t.is(first.stdout, `${dat}  1280x720, 13.5 kev from EVT3, 2 triggers left out\n`)
  const raw = scratch(t, 'copy.bin')
  const second = await saccade(['convert', path, raw, '--out-format', 'evt21', '--json'])
  t.like(JSON.parse(second.stdout), {
    from: 'EVT3',
    events: 13_487,
    triggers: 2,
    left: {},
    faults: {},
    stopped: false,
  })
  t.is(await digestOf(dat), want)
  t.is(await digestOf(raw), want)
})

test('convert cuts out a time and a region, and filters', async (t) => {
  const path = sharedPath('recordings/atis/car_passing_td.dat')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const part = scratch(t, 'part.raw')
  const cut = ['--from', '1s', '--to', '1.5s', '--roi', '100,50,64,40']
  const run = await saccade(['convert', path, part, ...cut, '--json'])
  t.is(run.code, 0, run.stderr)
  await using recording = await openRecording(part)
  const { tFirst, tLast, extent, events } = await surveyRecording(recording)
  t.deepEqual(recording.geometry, { width: 64, height: 40 })
  const told = JSON.parse(run.stdout)
  t.is(events, told.events)
  t.true(told.filtered.roi > events)
  t.true(events > 100 && tFirst >= 1_000_000 && tLast < 1_500_000)
  t.true(extent.width <= 64 && extent.height <= 40)
  const calm = scratch(t, 'calm_td.dat')
  const filtered = await saccade(['convert', path, calm, '--filter', 'refractory:50us'])
  t.is(
    filtered.stdout,
    `${calm}  304x240, 223 kev from DAT v2, filtered out: 18.9 kev by refractory\n`,
  )
})

test('a conversion tells what filters and the region took out, and what is left when it was stopped', async (t) => {
  const path = scratch(t, 'drive.csv')
  const lines = [0, 1, 2, 3].flatMap((x) => [`${100 * x},${x},0,1`, `${100 * x + 10},${x},0,1`])
  writeFileSync(path, `%geometry:4,1\nt,x,y,p\n${lines.join('\n')}\n`)
  const out = scratch(t, 'out.raw')
  const ledger = new Ledger()
  const filters = [{ name: 'refractory', us: 50 }] as const
  const roi = { x: 1, y: 0, width: 2, height: 1 }
  const done = await convert(path, out, { filters, roi, ledger })
  t.like(done, { events: 2, stopped: false, kept: true })
  t.deepEqual(done.filtered, { refractory: 4, roi: 2 })
  t.deepEqual(ledger.imbalances(), [])
  const stopped = await convert(path, `${out}2`, {
    outFormat: 'evt3',
    signal: AbortSignal.abort(),
  })
  t.like(stopped, { events: 0, stopped: true, kept: false })
  t.deepEqual(readdirSync(dirname(out)), ['out.raw'])
})

test('a recording without a size gets the smallest that holds its events', async (t) => {
  const path = sharedPath('recordings/formats/made/dat_v1_ncars.dat')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const copy = scratch(t, 'copy.raw')
  const { stdout } = await saccade(['convert', path, copy])
  t.is(stdout, `${copy}  61x44, 1.87 kev from DAT v1\n`)
  t.is(await digestOf(copy), await digestOf(path))
})

test('a wrong call is refused before anything is opened, and nothing half-written stays', async (t) => {
  const path = sharedPath(TRIGGERS)
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const out = scratch(t, 'out.raw')
  const cases: [args: string[], code: number, sentence: RegExp][] = [
    [[path, scratch(t, 'x.avi')], 2, /x\.avi does not say in which format/],
    [[path, out, '--out-format', 'avi'], 2, /not written in a format "avi"/],
    [[path, out, '--roi', '0,0,1281,720'], 2, /the region 0,0,1281,720 does not lie on the sensor/],
    [[path, out, '--from', '9s', '--to', '1s'], 2, /nothing of .* lies between/],
    [[path, path], 2, /would overwrite/],
    [['/nonexistent.raw', out], 1, /does not exist/],
    [[path, '/nonexistent/out.raw'], 1, /its folder does not exist/],
  ]
  for (const [args, code, sentence] of cases) {
    const run = await saccade(['convert', ...args])
    t.is(run.code, code, run.stderr)
    t.regex(run.stderr, sentence)
    t.is(run.stdout, '')
  }
  t.deepEqual(readdirSync(dirname(out)), [])
})

test('pipes in and out: convert - - turns a headerless stream into a recording', async (t) => {
  const path = sharedPath(DRIVING)
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const bare = scratch(t, 'bare.bin')
  const file = readFileSync(path)
  const newline = file.lastIndexOf('\n', file.indexOf('system_ID') + 20)
  writeFileSync(bare, file.subarray(newline + 1))
  const child = killAtExit(
    spawn(process.execPath, [
      ...[programPath, 'convert', '-', '-', '--out-format', 'dat'],
      ...['--format', 'evt3', '--geometry', '1280x720'],
    ]),
  )
  const out: Buffer[] = []
  child.stdout.on('data', (bytes) => out.push(bytes))
  createReadStream(bare).pipe(child.stdin)
  t.is(await new Promise((resolve) => child.on('close', resolve)), 0)
  const copy = scratch(t, 'copy_td.dat')
  writeFileSync(copy, Buffer.concat(out))
  t.is(await digestOf(copy), await digestOf(path))
})

test('a reader of stdout that has seen enough is a normal end', async (t) => {
  const path = sharedPath(TRIGGERS)
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const { code, stderr } = await saccade(['convert', path, '-', '--out-format', 'csv'], {
    started: (child) => child.stdout!.once('data', () => child.stdout!.destroy()),
  })
  t.deepEqual([code, stderr], [0, ''])
})

test('replay reads a pipe and a socket as it reads the file', async (t) => {
  const path = sharedPath('recordings/atis/car_passing_td.dat')
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const args = ['--json', '--model', 'car-pilot', '--to', '1s', '--quiet']
  const want = await saccade(['replay', path, ...args])
  t.is(want.code, 0, want.stderr)
  const server = createServer((socket) => {
    socket.on('error', () => {})
    createReadStream(path).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address() as { port: number }
  const overTcp = await saccade(['replay', `tcp://127.0.0.1:${address.port}`, ...args])
  t.is(overTcp.stdout, want.stdout)
  const piped = await new Promise<string>((resolve) => {
    const child = killAtExit(spawn(process.execPath, [programPath, 'replay', '-', ...args]))
    let stdout = ''
    child.stdout.on('data', (text) => {
      stdout += text
    })
    child.on('close', () => resolve(stdout))
    child.stdin.on('error', () => {})
    createReadStream(path).pipe(child.stdin)
  })
  t.is(piped, want.stdout)
})

test('run takes events from a socket until it is stopped, and says what is wrong with the stream', async (t) => {
  const path = sharedPath(TRIGGERS)
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write(readFileSync(path))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  let stdout = ''
  const run = await saccade(['run', `tcp://127.0.0.1:${port}`, '--json', '--model', 'car-pilot'], {
    env: { SACCADE_LOG_FORMAT: 'text' },
    started: (child) => {
      child.stdout!.on('data', (text) => {
        stdout += text
      })
      const come = until(() => stdout.split('\n').length > 3, 'sets come', 40_000)
      void come.catch(() => {}).then(() => child.kill('SIGTERM'))
    },
  })
  t.is(run.code, 0, run.stderr)
  t.regex(run.stderr, /running on the EVT3 stream on tcp:/)
  const { geometry } = JSON.parse(run.stdout.split('\n')[0]!)
  t.deepEqual(geometry, { width: 1280, height: 720 })
})

test('info draws the rate and tells triggers and faults', async (t) => {
  const path = sharedPath(TRIGGERS)
  if (path === undefined) return skipWithout(t, 'no shared recordings')
  const damaged = scratch(t, 'damaged.raw')
  const file = readFileSync(path)
  writeFileSync(damaged, Buffer.concat([file, Buffer.of(0, 0x10, 7)]))
  const { stdout, code } = await saccade(['info', damaged])
  t.is(code, 0)
  t.regex(stdout, /^events +13487$/m)
  t.regex(stdout, /^triggers +2$/m)
  t.regex(stdout, /^faults +.*reserved_words 1, trailing_bytes 1/m)
  t.regex(stdout, /ev\/s ▕.*[▁▂▃▄▅▆▇█]/)
  t.regex(stdout, /0 +0\.193 s\n$/)
  const json = JSON.parse((await saccade(['info', '--json', damaged])).stdout)
  t.like(json, { events: 13_487, triggers: 2, duration_us: 192_584 })
  t.deepEqual(json.first_triggers, [
    [14_547_491, 0, 0],
    [14_549_491, 0, 1],
  ])
  t.is(json.fault_offsets.reserved_words, file.length)
})
