// MP4 by ffmpeg, where it is installed: pictures go down a pipe as they come, none is kept.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { SaccadeError } from '../errors.js'
import type { Film } from './film.js'
import type { Picture } from './picture.js'

/** Last words of ffmpeg that are kept. */
const MOST_WORDS = 4000

/**
 * Writes an MP4 (H.264). The file appears under its name only when it is whole. Rejects with ERR_NOT_FOUND without ffmpeg and with ERR_IO, in
 * its last words, when it fails.
 */
export class VideoWriter implements Film {
  #encoder: Encoder | undefined
  frames = 0

  constructor(
    readonly path: string,
    readonly delayMs: number,
  ) {}

  async add(picture: Picture): Promise<void> {
    this.#encoder ??= new Encoder(this.path, picture, this.delayMs)
    await this.#encoder.write(rgb(picture))
    this.frames += 1
  }

  async close(): Promise<void> {
    const encoder = this.#encoder
    this.#encoder = undefined
    await encoder?.finish()
  }

  async discard(): Promise<void> {
    const encoder = this.#encoder
    this.#encoder = undefined
    await encoder?.cancel()
  }
}

class Encoder {
  readonly #child: ChildProcess
  readonly #partPath: string
  readonly #ended: Promise<void>
  #words = ''

  constructor(
    readonly path: string,
    { width, height }: Picture,
    delayMs: number,
  ) {
    this.#partPath = `${path}.part`
    const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`]
    // An even size, and colours at half resolution: players know no other.
    const output = [
      '-vf',
      'pad=ceil(iw/2)*2:ceil(ih/2)*2',
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'libx264',
    ]
    const rate = ['-framerate', `1000/${delayMs}`]
    // "file:" keeps a name with a colon from being a protocol.
    const place = ['-movflags', '+faststart', '-f', 'mp4', '-y', `file:${resolve(this.#partPath)}`]
    const args = ['-hide_banner', '-loglevel', 'error', ...input, ...rate, '-i', 'pipe:0']
    this.#child = spawn('ffmpeg', [...args, ...output, '-crf', '18', ...place], {
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#words = (this.#words + text).slice(-MOST_WORDS)
    })
    // An encoder that has gone is told of by how it ended.
    this.#child.stdin!.on('error', () => {})
    this.#ended = new Promise((done, fail) => {
      this.#child.on('error', (cause) => fail(missing(path, cause)))
      this.#child.on('close', (code) => (code === 0 ? done() : fail(this.#failed(code))))
    })
    this.#ended.catch(() => {})
  }

  async write(bytes: Uint8Array): Promise<void> {
    const input = this.#child.stdin as Writable
    if (!input.writable) await this.#ended
    else if (!input.write(bytes)) await Promise.race([once(input, 'drain'), this.#ended])
  }

  async finish(): Promise<void> {
    this.#child.stdin!.end()
    try {
      await this.#ended
      await rename(this.#partPath, this.path)
    } catch (error) {
      await rm(this.#partPath, { force: true })
      throw error
    }
  }

  async cancel(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended.catch(() => {})
    await rm(this.#partPath, { force: true })
  }

  #failed(code: number | null): SaccadeError {
    const why = this.#words.trim().split('\n').at(-1) || `exit code ${code}`
    return new SaccadeError('ERR_IO', `ffmpeg could not write ${this.path}: ${why}`)
  }
}

function missing(path: string, cause: Error): SaccadeError {
  return new SaccadeError(
    'ERR_NOT_FOUND',
    `${path} needs ffmpeg, which does not run here`,
    'install it, or write a .gif or .png: they need nothing',
    { cause },
  )
}

function rgb({ pixels, theme }: Picture): Uint8Array {
  const bytes = new Uint8Array(pixels.length * 3)
  for (let i = 0; i < pixels.length; i++) {
    const colour = pixels[i]! * 3
    bytes[i * 3] = theme[colour]!
    bytes[i * 3 + 1] = theme[colour + 1]!
    bytes[i * 3 + 2] = theme[colour + 2]!
  }
  return bytes
}
