import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import test from 'ava'
import { DEFAULT_DRIVE } from '../../pipeline/simulate/simulate.js'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { scratch } from '../support/folder.js'
import { programPath, saccade } from '../support/program.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

for (const [name, windows, detections] of [
  ['gen1/driving_td.dat', 20, 18],
  ['atis/car_passing_td.dat', 60, undefined],
] as const) {
  test(`replay --json of ${name} is a header, one set per window and an end, the same bytes each time`, async (t) => {
    const recording = sharedPath(`recordings/${name}`)
    if (!recording) return skipWithout(t, 'no shared recordings')
    const call = ['replay', recording, '--json', '--model', 'car-pilot']
    const first = await saccade(call)
    t.is(first.code, 0)
    const [header, ...rest] = lines(first.stdout)
    const { end } = rest.pop()
    t.is(header.schema, 'saccade/1')
    t.deepEqual(
      rest.map(({ seq }) => seq),
      Array.from({ length: windows }, (_, i) => i),
    )
    t.is(end.windows, windows)
    if (detections !== undefined) t.is(end.detections, detections)
    t.deepEqual(end.dropped, { events: 0, windows: 0, sets: 0 })
    const again = await saccade([...call, '--threads', '2'])
    t.is(again.stdout, first.stdout)
  })
}

test('without --json a tidy line for each window goes to stdout and the summary to stderr', async (t) => {
  const { recording } = await writeSimulation({ seed: 3, durationUs: 200_000 }, scratch(t, 'drive'))
  const { code, stdout, stderr } = await saccade(['replay', recording])
  t.is(code, 0)
  const shown = stdout.trimEnd().split('\n')
  t.is(shown.length, 4)
  for (const line of shown) t.regex(line, /^ +\d\.\d{3} s +[\d.]+ k?ev {2}[▁-█]/)
  t.regex(
    stderr,
    /^4 windows, [\d.]+ kev, \d+ detections in [\d.]+ s; filtered out: \d+ ev by refractory; nothing was dropped\n$/,
  )
  const quiet = await saccade(['replay', recording, '--quiet', '-o', `${recording}.ndjson`])
  t.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, '', ''])
  t.is(lines(readFileSync(`${recording}.ndjson`, 'utf8')).length, 6)
})

test('what is wrong in a recording is said once, with its whole number', async (t) => {
  const recording = scratch(t, 'damaged.raw')
  const row = [0x8000, 0x0001]
  // Two reserved words in the first packet, which is read twice.
  const words = Uint16Array.from([...row, 0x1000, 0x2003, 0x6005, 0x1000, 0x2003, 0x8001, 0x2003])
  writeFileSync(
    recording,
    Buffer.concat([
      Buffer.from(`% evt 3.0\n% geometry 304x240\n% end\n`),
      new Uint8Array(words.buffer),
    ]),
  )
  const { stderr } = await saccade(['replay', recording, '--model', 'car-pilot'])
  t.is(
    stderr.replace(/[\d.]+ s;/, 's;'),
    `1 windows, 3 ev, 0 detections in s; nothing was dropped\n${recording}: 2 reserved words, the first at byte 39\n`,
  )
})

test('--from and --to cut the replay', async (t) => {
  const { recording } = await writeSimulation({ seed: 3, durationUs: 300_000 }, scratch(t, 'drive'))
  const args = ['replay', recording, '--json', '--from', '100000', '--to', '200000']
  const sets = lines((await saccade(args)).stdout).slice(1, -1)
  t.deepEqual(
    sets.map(({ tStart, tEnd }) => [tStart, tEnd]),
    [
      [100_000, 150_000],
      [150_000, 200_000],
    ],
  )
})

test('a reader that leaves (| head -1) is a normal end', async (t) => {
  const { recording } = await writeSimulation({ seed: 3, durationUs: 300_000 }, scratch(t, 'drive'))
  const child = spawn(process.execPath, [programPath, 'replay', recording, '--json', '--loop'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const code = await new Promise((resolve) => child.once('close', resolve))
  t.is(code, 0, stderr)
  t.notRegex(stderr, /EPIPE|\n {4}at /)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends a replay well: whole output, exit code 0`, async (t) => {
    const drive = scratch(t, 'drive')
    const { recording } = await writeSimulation({ seed: 3, durationUs: 300_000 }, drive)
    const output = `${drive}.ndjson`
    const { code, stderr } = await saccade(
      ['replay', recording, '--loop', '--speed', '1', '-o', output],
      {
        started: (child) => child.stdout!.once('data', () => child.kill(signal)),
      },
    )
    t.is(code, 0, stderr)
    t.truthy(lines(readFileSync(output, 'utf8')).at(-1).end)
  })
}

test('a replay that waits for a broker can be stopped', async (t) => {
  const { recording } = await writeSimulation({ seed: 3, durationUs: 100_000 }, scratch(t, 'drive'))
  const mute = createServer().listen(0, '127.0.0.1')
  t.teardown(() => mute.close())
  await once(mute, 'listening')
  const { port } = mute.address() as { port: number }
  const run = await saccade(['replay', recording, '--mqtt', `mqtt://127.0.0.1:${port}`], {
    started: (child) => mute.once('connection', () => child.kill('SIGINT')),
  })
  t.deepEqual([run.code, run.signal], [0, null], run.stderr)
})

test('the first run shows a line for each window, then draws what it saw', async (t) => {
  const folder = dirname(scratch(t, 'x'))
  const { code, stdout, stderr } = await saccade(['replay'], { cwd: folder })
  t.is(code, 0, stderr)
  t.is(stdout.trimEnd().split('\n').length, DEFAULT_DRIVE.durationUs! / 50_000)
  t.regex(stdout, / car 0\.\d\d at \d+,\d+ \d+x\d+/)
  t.deepEqual(readdirSync(`${folder}/out`).sort(), [
    'drive.png',
    'drive_bbox.npy',
    'drive_td.dat',
    'drive_window.png',
  ])
  t.regex(stderr, /out\/drive\.png/)
})
