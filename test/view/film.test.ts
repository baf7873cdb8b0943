import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { openFilm } from '../../pipeline/view/film.js'
import { DARK } from '../../pipeline/view/palette.js'
import { Picture } from '../../pipeline/view/picture.js'
import { scratch } from '../support/folder.js'
import { Random } from '../support/make-plan.js'
import { firstDifference } from '../support/packets.js'
import { lacks } from '../support/tools.js'

/** Noise, which no code table is large enough for, and flat parts. */
function pictures(width: number, height: number): Picture[] {
  const random = new Random(5)
  return Array.from({ length: 3 }, (_, k) => {
    const picture = new Picture(width, height, DARK)
    for (let i = 0; i < picture.pixels.length; i++)
      picture.pixels[i] = i < (k * picture.pixels.length) / 3 ? k : random.next(16)
    return picture
  })
}

/** All frames of a film as ffmpeg reads them, three bytes per pixel. */
function framesOf(path: string): Buffer {
  const args = [
    '-v',
    'error',
    '-i',
    path,
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-fps_mode',
    'passthrough',
    '-',
  ]
  return spawnSync('ffmpeg', args, { maxBuffer: 1 << 28 }).stdout
}

const rgb = (picture: Picture) => picture.toRgba().filter((_, i) => i % 4 !== 3)

test('a GIF gives back every pixel, whatever the size, and its frames stay as long as they should', async (t) => {
  if (lacks(t, 'ffmpeg', 'ffprobe')) return
  for (const [width, height] of [
    [1, 1],
    [37, 21],
    [200, 161],
  ] as const) {
    const path = scratch(t, 'film.gif')
    const film = openFilm(path, 33)
    const shown = pictures(width, height)
    for (const picture of shown) await film.add(picture)
    await film.close()
    t.is(firstDifference(framesOf(path), Buffer.concat(shown.map(rgb))), -1, `${width} x ${height}`)
    const asked = ['-v', 'error', '-show_entries', 'packet=duration_time', '-of', 'csv=p=0', path]
    // 33 ms are no whole hundredths: 3, 4, 3 keep the pace.
    t.deepEqual(
      spawnSync('ffprobe', asked)
        .stdout.toString()
        .match(/\d\.\d+/g)
        ?.map(Number),
      [0.03, 0.04, 0.03],
    )
  }
})

test('an MP4 has all frames at its pace, of an even size', async (t) => {
  if (lacks(t, 'ffmpeg', 'ffprobe')) return
  const path = scratch(t, 'film.mp4')
  const film = openFilm(path, 50)
  for (const picture of pictures(37, 21)) await film.add(picture)
  await film.close()
  t.deepEqual(readdirSync(dirname(path)), ['film.mp4'])
  const asked = [
    '-v',
    'error',
    '-count_frames',
    '-show_entries',
    'stream=codec_name,width,height,r_frame_rate,nb_read_frames',
  ]
  const told = spawnSync('ffprobe', [...asked, '-of', 'csv=p=0', path])
    .stdout.toString()
    .trim()
  t.is(told, 'h264,38,22,20/1,3')
})

test('a film that is given up or has no picture leaves nothing, and other endings are refused', async (t) => {
  for (const name of ['a.gif', 'a.png', 'a.mp4']) {
    if (name.endsWith('mp4') && lacks(t, 'ffmpeg')) continue
    const path = scratch(t, name)
    const film = openFilm(path, 50)
    for (const picture of pictures(16, 16)) await film.add(picture)
    await film.discard()
    await openFilm(path, 50).close()
    t.deepEqual(readdirSync(dirname(path)), [], name)
  }
  t.throws(() => openFilm('a.avi', 50), {
    code: 'ERR_ARGUMENT',
    message: 'the ending of a.avi names no film',
  })
  const film = openFilm(scratch(t, 'b.gif'), 50)
  await film.add(new Picture(4, 4, DARK))
  await t.throwsAsync(film.add(new Picture(5, 4, DARK)), { code: 'ERR_ARGUMENT' })
  await film.discard()
})

test('without ffmpeg an MP4 is refused with what to do', async (t) => {
  const path = scratch(t, 'film.mp4')
  const film = openFilm(path, 50)
  const { PATH } = process.env
  process.env.PATH = '/nowhere'
  try {
    await t.throwsAsync(
      (async () => {
        await film.add(new Picture(4, 4, DARK))
        await film.close()
      })(),
      { code: 'ERR_NOT_FOUND', message: `${path} needs ffmpeg, which does not run here` },
    )
  } finally {
    process.env.PATH = PATH
  }
  t.false(existsSync(path))
})
