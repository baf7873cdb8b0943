// Whatever is wrong with a file, a call or the world: one sentence on stderr that names it, the exit code of the design,
// no stack trace, nothing on stdout, nothing left half-written.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Finished, saccade } from '../support/program.js'

const HEADER = '% Data file containing CD events.\n% Version 2\n% Height 240\n% Width 304\n'
const record = (t: number, x: number, y: number, p: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(t)
  bytes.writeUInt32LE((p << 28) | (y << 14) | x, 4)
  return bytes
}
/** 200 ms with an event every 100 µs. */
const goodDat = Buffer.concat([
  Buffer.from(HEADER),
  Buffer.from([12, 8]),
  ...Array.from({ length: 2000 }, (_, i) => record(i * 100, i % 304, i % 240, i & 1)),
])

function refused(t: ExecutionContext, run: Finished, code: number, sentence: RegExp): void {
  t.is(run.code, code, run.stderr)
  t.is(run.stdout, '')
  const [first, ...rest] = run.stderr.trimEnd().split('\n')
  t.regex(first!, sentence)
  t.regex(first!, /^saccade: /)
  t.true(rest.length <= 1 && rest.every((line) => line.startsWith('  ')), run.stderr)
  t.notRegex(run.stderr, /\n {4}at |internal error/)
}

const files: [name: string, bytes: Buffer | string, sentence: RegExp][] = [
  ['empty.dat', '', /empty\.dat is empty/],
  ['cut-header.dat', HEADER.slice(0, 40), /cut-header\.dat .*header/],
  [
    'no-record.dat',
    goodDat.subarray(0, HEADER.length + 2 + 5),
    /no-record\.dat holds only 5 of the 8 bytes/,
  ],
  ['wrong-magic.dat', Buffer.from('PNG\u0001\u0002 not events at all'), /wrong-magic\.dat /],
  ['text.dat', 'Dear diary,\ntoday there were no events.\n', /text\.dat /],
  [
    'random.dat',
    Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * i * 31 + 7) & 255)),
    /random\.dat /,
  ],
  [
    'packed.dat.gz',
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
    /packed\.dat\.gz is packed with gzip/,
  ],
]

for (const command of ['info', 'replay']) {
  for (const [name, bytes, sentence] of files) {
    test(`${command} refuses ${name} in one sentence`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'saccade-'))
      writeFileSync(join(folder, name), bytes)
      const run = await saccade([command, name, '--json'], { cwd: folder })
      refused(t, run, 1, sentence)
      t.deepEqual(readdirSync(folder), [name])
    })
  }

  test(`${command} refuses a folder and a file that is not there`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'saccade-'))
    mkdirSync(join(folder, 'drive.dat'))
    refused(t, await saccade([command, 'drive.dat'], { cwd: folder }), 1, /drive\.dat/)
    refused(t, await saccade([command, 'none.dat'], { cwd: folder }), 1, /none\.dat does not exist/)
  })
}

test('a model that is no model is refused, whatever it is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'saccade-'))
  writeFileSync(join(folder, 'drive.dat'), goodDat)
  writeFileSync(join(folder, 'text.spike'), 'no model')
  writeFileSync(join(folder, 'letter.onnx'), 'no model')
  writeFileSync(join(folder, 'zeros.spike'), Buffer.alloc(100))
  const run = (model: string) =>
    saccade(['replay', 'drive.dat', '--json', '--model', model], { cwd: folder })
  refused(t, await run('text.spike'), 1, /text\.spike/)
  refused(t, await run('letter.onnx'), 1, /letter\.onnx/)
  refused(t, await run('zeros.spike'), 1, /zeros\.spike/)
  refused(t, await run('no-such-model'), 1, /no model "no-such-model"/)
})

test('an unknown configuration key is a wrong call', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'saccade-'))
  writeFileSync(join(folder, 'robot.yaml'), 'source:\n  recordin: drive.dat\n')
  const run = await saccade(['run', 'robot.yaml'], { cwd: folder })
  refused(t, run, 2, /robot\.yaml:2:3: unknown key "recordin" in source/)
  t.regex(run.stderr, /did you mean "recording"\?/)
})

test('replay gives a broker that refuses ten seconds, then says so', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'saccade-'))
  writeFileSync(join(folder, 'drive.dat'), goodDat)
  // A port that was free a moment ago: nobody listens.
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const run = await saccade(
    ['replay', 'drive.dat', '-q', '--mqtt', `mqtt://127.0.0.1:${port}`, '-o', 'out.ndjson'],
    {
      cwd: folder,
    },
  )
  refused(t, run, 1, new RegExp(`127\\.0\\.0\\.1:${port}`))
  t.deepEqual(readdirSync(folder), ['drive.dat'])
})
