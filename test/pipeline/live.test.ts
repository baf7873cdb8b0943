// `saccade run` as a service whose outputs come and go, and one that gets more than it can do.
import type { ChildProcess } from 'node:child_process'
import test, { type ExecutionContext } from 'ava'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { scratch } from '../support/folder.js'
import { Mosquitto, Subscriber } from '../support/mosquitto.js'
import { type Finished, saccade } from '../support/program.js'
import { PtyPair } from '../support/pty.js'
import { Robot } from '../support/robot.js'
import { lacks } from '../support/tools.js'
import { until } from '../support/wait.js'

interface SetLine {
  seq: number
  tEnd: number
  hostTime: number
  ageMs: number
  dropped: { windows: number; events: number }
}

/** `saccade run --json` on a looped drive, and what it has said so far. */
class Service {
  stdout = ''
  stderr = ''
  #child!: ChildProcess
  readonly finished: Promise<Finished>

  constructor(recording: string, args: readonly string[], env: Record<string, string> = {}) {
    this.finished = saccade(['run', '--loop', '--json', ...args], {
      env: { SACCADE_SOURCE_RECORDING: recording, SACCADE_LOG_FORMAT: 'text', ...env },
      started: (child) => {
        this.#child = child
        child.stdout!.on('data', (text: string) => {
          this.stdout += text
        })
        child.stderr!.on('data', (text: string) => {
          this.stderr += text
        })
      },
    })
  }

  get sets(): SetLine[] {
    return this.stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line))
      .filter((record) => 'seq' in record)
  }

  /** Waits until n more sets have come. */
  async more(n: number): Promise<void> {
    const before = this.sets.length
    await until(() => this.sets.length >= before + n, `${n} more sets`, 30_000)
  }

  async says(what: RegExp): Promise<void> {
    await until(() => what.test(this.stderr), `it says ${what}`, 30_000)
  }

  /** SIGINT; a run that takes longer than 2.7 s ends with code 1. */
  async stop(): Promise<Finished> {
    this.#child.kill('SIGINT')
    return this.finished
  }
}

async function drive(t: ExecutionContext): Promise<string> {
  const path = scratch(t, 'drive')
  return (await writeSimulation({ seed: 3, durationUs: 500_000 }, path)).recording
}

/** Sets as a reader got them: each gap is at least what the next set tells. Returns the windows missing without a word. */
function untold(seqs: number[], dropped: (i: number) => number): number {
  let missing = 0
  for (let i = 1; i < seqs.length; i++) missing += seqs[i]! - seqs[i - 1]! - 1 - dropped(i)
  return missing
}

test.serial(
  'run outlives its broker and its port, says what it dropped, and shows each gap',
  async (t) => {
    if (lacks(t, 'mosquitto', 'socat')) return
    const broker = await Mosquitto.start()
    const subscriber = await Subscriber.connect(broker.url, 'live')
    const pair = await PtyPair.open()
    const robot = new Robot(pair.far)
    const service = new Service(await drive(t), [
      ...['--speed', '4', '--mqtt', `${broker.url}/live`, '--serial', `${pair.near}:4000000`],
    ])
    const heard = (): SetLine[] => subscriber.on('detections').map((text) => JSON.parse(text))
    await until(() => heard().length > 5 && robot.sets.length > 5, 'both get sets', 30_000)

    await broker.kill()
    await service.says(
      /lost the connection to the MQTT broker at 127\.0\.0\.1:\d+: .*; trying again/,
    )
    await service.more(10)
    const robotBefore = robot.sets.length
    await broker.start()
    const mqttBefore = heard().length
    await until(() => heard().length > mqttBefore + 5, 'sets are published again', 30_000)
    t.true(robot.sets.length > robotBefore, 'the robot went on meanwhile')

    robot.detach()
    await pair.unplug()
    await service.says(/lost the serial port/)
    await service.more(10)
    await pair.plug()
    robot.attach(pair.far)
    const serialBefore = robot.sets.length
    await until(() => robot.sets.length > serialBefore + 5, 'frames come again', 30_000)

    const { code, signal, stdout, stderr } = await service.stop()
    t.deepEqual([code, signal], [0, null], stderr)
    const { end } = JSON.parse(stdout.trim().split('\n').at(-1)!)
    t.is(end.dropped.sets, 0, 'each output tells of its own losses, and stdout had none')
    t.regex(stderr, /sink:mqtt:\S+ .*\d+ (offline|link lost).* \(sets\)/)
    t.regex(stderr, /sink:serial:\S+ .*\d+ port lost.* \(sets\)/)
    t.notRegex(stderr, /\n {4}at |does not balance/)

    // stdout lost nothing but what it tells; the others lost besides what was on the way when the link broke.
    const sets = service.sets
    t.is(
      untold(
        sets.map(({ seq }) => seq),
        (i) => sets[i]!.dropped.windows,
      ),
      0,
    )
    const published = heard()
    const missing = untold(
      published.map(({ seq }) => seq),
      (i) => published[i]!.dropped.windows,
    )
    t.true(missing >= 0 && published.some(({ dropped }) => dropped.windows >= 10), `${missing}`)
    const frames = robot.sets
    t.true(frames.some((frame) => frame.drops >= 10))
    await until(() => subscriber.on('status').at(-1) === 'stopped', 'the end is heard')
    robot.detach()
    await Promise.all([subscriber.close(), broker.stop(), pair.close()])
  },
)

test.serial(
  'with more windows than it can do, run replaces the oldest and its age does not grow',
  async (t) => {
    // 50 ms windows at eight times the speed, on the slowest kernels: ten times too much.
    const args = ['--speed', '8', '--threads', '1']
    const service = new Service(await drive(t), args, { SACCADE_ISA: 'scalar' })
    await service.more(20)
    const { code, stderr } = await service.stop()
    t.is(code, 0, stderr)
    const sets = service.sets
    t.is(
      untold(
        sets.map(({ seq }) => seq),
        (i) => sets[i]!.dropped.windows,
      ),
      0,
    )
    t.true(sets.at(-1)!.seq > 3 * sets.length, 'most were replaced')
    t.regex(stderr, /dropped: detect \d+ replaced(, \d+ stopped)? \(windows\)/)
    // One window is in the network and one waits: no result is older than the longest two of the turns took, however long the
    // run. Were windows queued, the last of these would be 20 turns old.
    const turns = sets.slice(1).map(({ hostTime }, i) => (hostTime - sets[i]!.hostTime) / 1000)
    const oldest = 3 * Math.max(...turns)
    for (const { ageMs } of sets)
      t.true(ageMs <= oldest, `${ageMs} ms; turns up to ${oldest / 3} ms`)
    const lag = sets.map(({ hostTime, tEnd }) => (hostTime - tEnd / 8) / 1000)
    const growth = lag.at(-1)! - lag[0]!
    t.true(growth <= oldest, `later by ${growth} ms`)
    t.log(
      `${sets.length} of ${sets.at(-1)!.seq + 1} windows; age at first ${sets[1]!.ageMs} ms, at last ${sets.at(-1)!.ageMs} ms`,
    )
  },
)

test.serial(
  'a line that is too slow gets the newest sets and is told of the replaced ones',
  async (t) => {
    if (lacks(t, 'socat')) return
    const pair = await PtyPair.open()
    const robot = new Robot(pair.far)
    const service = new Service(await drive(t), ['--speed', '4', '--serial', `${pair.near}:4800`])
    await until(() => robot.sets.length > 15, 'frames come', 30_000)
    const { code, stderr } = await service.stop()
    t.is(code, 0, stderr)
    t.regex(stderr, /sink:serial:\S+ \d+ replaced/)
    const frames = robot.sets
    t.is(
      untold(
        frames.map(({ seq }) => seq),
        (i) => frames[i]!.drops,
      ),
      0,
      'each replaced set is told by the next frame',
    )
    t.true(frames.some(({ drops }) => drops > 0))
    robot.detach()
    await pair.close()
  },
)
