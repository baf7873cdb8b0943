// The receivers in robot/, built for a test, and a robot that decodes by itself.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FrameDecoder, type SerialFrame } from '../../pipeline/sinks/serial-decoder.js'
import { killAtExit } from './children.js'
import { findTool } from './tools.js'

/** Folder of the receivers in the source tree. */
export const robotFolder = fileURLToPath(new URL('../../../robot', import.meta.url))

/** Compiles robot/saccade_print.c with all warnings as errors; returns the program's path. */
export function compilePrinter(...flags: string[]): string {
  const program = join(mkdtempSync(join(tmpdir(), 'saccade-print-')), 'saccade_print')
  const strict = ['-std=c99', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-O1']
  execFileSync('cc', [...strict, ...flags, '-o', program, join(robotFolder, 'saccade_print.c')])
  return program
}

/** Reads the robot's end and decodes. */
export class Robot {
  readonly frames: SerialFrame[] = []
  readonly decoder = new FrameDecoder()
  #timer: NodeJS.Timeout | undefined
  #fd = -1

  constructor(path: string) {
    this.attach(path)
  }

  attach(path: string): void {
    const buffer = Buffer.alloc(65_536)
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK)
    this.#fd = fd
    this.#timer = setInterval(() => {
      try {
        const n = readSync(fd, buffer)
        this.decoder.push(buffer.subarray(0, n), (frame) => this.frames.push(frame))
      } catch {} // EAGAIN: nothing came; EIO: unplugged
    }, 2)
  }

  detach(): void {
    clearInterval(this.#timer)
    closeSync(this.#fd)
  }

  get sets() {
    return this.frames.filter((frame) => frame.type === 'detections')
  }
}

/** A receiver of robot/ on a terminal, and the lines it prints. */
export class Receiver {
  readonly lines: string[] = []
  readonly process: ChildProcess
  /** What it counted, after the port has gone. */
  report = ''

  constructor(command: string, args: string[]) {
    this.process = killAtExit(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }))
    let rest = ''
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop()!
      this.lines.push(...parts)
    })
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.report += text
    })
  }

  get seqs(): number[] {
    return this.lines
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === 'detections')
      .map(({ seq }) => seq)
  }
}

/** Starts the receiver of a language on a port. */
export const receivers = {
  C: (port: string) => new Receiver('sh', ['-c', `exec ${compilePrinter()} < ${port}`]),
  Python: (port: string) =>
    new Receiver(findTool('python3')!, [join(robotFolder, 'saccade_serial.py'), port]),
}
