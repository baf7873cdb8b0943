import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, inflateSync } from 'node:zlib'
import test from 'ava'
import { PNG } from 'pngjs'
import { AnimationWriter, writeAnimation } from '../../pipeline/view/animation.js'
import { DARK, LIGHT } from '../../pipeline/view/palette.js'
import { Picture } from '../../pipeline/view/picture.js'
import { PNG_SIGNATURE } from '../../pipeline/view/png.js'

const folder = () => mkdtemp(join(tmpdir(), 'saccade-animation-'))

function frame(ink: number): Picture {
  const picture = new Picture(20, 10, DARK)
  picture.fill(ink, 0, ink + 3, 10, ink)
  return picture
}

/** Splits a PNG into chunks and checks every length and CRC on the way. */
function chunks(file: Buffer): { type: string; body: Buffer }[] {
  if (!file.subarray(0, 8).equals(PNG_SIGNATURE)) throw new Error('no PNG')
  const found = []
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at)
    const covered = file.subarray(at + 4, at + 8 + length)
    if (crc32(covered) !== file.readUInt32BE(at + 8 + length)) throw new Error(`CRC at ${at}`)
    found.push({ type: covered.toString('latin1', 0, 4), body: covered.subarray(4) })
    at += 12 + length
  }
  return found
}

test('an animation holds every frame, numbered and timed, behind valid CRCs', async (t) => {
  const path = join(await folder(), 'drive.png')
  t.is(await writeAnimation(path, [frame(1), frame(2), frame(3)], 50), 3)
  const file = await readFile(path)
  const list = chunks(file)
  t.deepEqual(
    list.map((c) => c.type),
    ['IHDR', 'PLTE', 'acTL', 'fcTL', 'IDAT', 'fcTL', 'fdAT', 'fcTL', 'fdAT', 'IEND'],
  )
  t.is(list[2]!.body.readUInt32BE(0), 3, 'the number of frames')
  t.is(list[2]!.body.readUInt32BE(4), 0, 'it plays for ever')
  const sequence = list.filter((c) => /fcTL|fdAT/.test(c.type)).map((c) => c.body.readUInt32BE(0))
  t.deepEqual(sequence, [0, 1, 2, 3, 4])
  for (const control of list.filter((c) => c.type === 'fcTL')) {
    t.deepEqual([control.body.readUInt32BE(4), control.body.readUInt32BE(8)], [20, 10])
    t.deepEqual([control.body.readUInt16BE(20), control.body.readUInt16BE(22)], [50, 1000])
  }
  const last = inflateSync(list[8]!.body.subarray(4))
  t.is(last.length, 21 * 10)
  t.deepEqual([...last.subarray(0, 8)], [2, 0, 0, 0, 3, 3, 3, 0])
})

test('a viewer without animation sees the first frame', async (t) => {
  const path = join(await folder(), 'drive.png')
  await writeAnimation(path, [frame(4), frame(5)], 40)
  t.deepEqual(new Uint8Array(PNG.sync.read(await readFile(path)).data), frame(4).toRgba())
})

test('nothing is left behind when a frame fails, and no file without a frame', async (t) => {
  const home = await folder()
  async function* failing() {
    yield frame(1)
    throw new Error('lamp broke')
  }
  await t.throwsAsync(writeAnimation(join(home, 'a.png'), failing(), 50), { message: 'lamp broke' })
  await writeAnimation(join(home, 'b.png'), [], 50)
  t.deepEqual(await readdir(home), [])
})

test('a frame of another size or theme and a delay outside the format are refused', async (t) => {
  const animation = new AnimationWriter(join(await folder(), 'a.png'), 50)
  await animation.add(frame(1))
  await t.throwsAsync(animation.add(new Picture(9, 9, DARK)), { code: 'ERR_ARGUMENT' })
  await t.throwsAsync(animation.add(new Picture(20, 10, LIGHT)), { code: 'ERR_ARGUMENT' })
  await animation.discard()
  t.throws(() => new AnimationWriter('a.png', 0), { code: 'ERR_ARGUMENT' })
})
