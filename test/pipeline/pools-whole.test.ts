// However a stream ends, every packet and frame is back in its pool; and where a user's operator loses them, the stream ends
// with the sentence that says so.
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { filter, type MonoTypeOperatorFunction, throttleTime } from 'rxjs'
import { detect } from '../../pipeline/detect/detect.js'
import { Model } from '../../pipeline/detect/model.js'
import type { EventPacket } from '../../pipeline/events/packet.js'
import { runPipeline } from '../../pipeline/run.js'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import type { Sink } from '../../pipeline/sinks/sink.js'
import { replay } from '../../pipeline/sources/replay.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import type { FrameWindow } from '../../pipeline/windows/frame.js'
import { windows } from '../../pipeline/windows/windows.js'
import { scratch } from '../support/folder.js'
import { poolStates, watchedPools } from '../support/pool-watch.js'
import { saccade } from '../support/program.js'
import { until } from '../support/wait.js'

const model = await Model.load('car-pilot')

async function drive(t: ExecutionContext): Promise<string> {
  const path = scratch(t, 'drive')
  return (await writeSimulation({ seed: 3, durationUs: 400_000 }, path)).recording
}

/** Waits until all pools made since the last call are whole, and forgets them. */
async function poolsWhole(t: ExecutionContext, ...names: string[]): Promise<void> {
  await until(() => poolStates().every(({ size, free }) => size === free), 'the pools are whole')
  t.deepEqual(
    poolStates()
      .map(({ name }) => name)
      .sort(),
    names,
  )
  watchedPools.clear()
}

/** Fails with the third set. */
class FailingSink implements Sink {
  readonly name = 'failing'
  readonly state = 'up'
  readonly dropped = {}
  #sets = 0
  async open(): Promise<void> {}
  async write(): Promise<boolean> {
    this.#sets += 1
    if (this.#sets === 3) throw new Error('the sink is broken')
    return true
  }
  async close(): Promise<void> {}
}

for (const speed of [0, 4]) {
  test.serial(
    `an error in a sink ends a run at speed ${speed} with that error, and the pools are whole`,
    async (t) => {
      await using session = await model.open()
      const ledger = new Ledger()
      const source = replay(await drive(t), { loop: true, speed, ledger })
      const sinks = [new FailingSink()]
      const run = runPipeline({ source, model, session, sinks, ledger, live: speed > 0 })
      await t.throwsAsync(run, { message: 'the sink is broken' })
      await poolsWhole(t, 'frames', 'packets', ...(speed > 0 ? ['staging'] : []))
      t.deepEqual(ledger.imbalances(), [])
    },
  )
}

test.serial(
  'a run that is stopped in the middle gives all back, and its ledger balances',
  async (t) => {
    await using session = await model.open()
    const ledger = new Ledger()
    const stop = new AbortController()
    let sets = 0
    const summary = await runPipeline({
      source: replay(await drive(t), { loop: true, signal: stop.signal, ledger }),
      model,
      session,
      ledger,
      signal: stop.signal,
      onSet: () => {
        sets += 1
        if (sets === 5) stop.abort()
      },
    })
    t.true(summary.windows >= 5)
    await poolsWhole(t, 'frames', 'packets')
    t.deepEqual(ledger.imbalances(), [])
  },
)

test.serial(
  'who unsubscribes in the middle of a run of the network leaves whole pools',
  async (t) => {
    await using session = await model.open()
    const ledger = new Ledger()
    const sets = replay(await drive(t), { loop: true, ledger }).pipe(
      windows(model.window, { ledger }),
      detect(session, { ledger }),
    )
    for (const moment of [0, 1, 20, 60]) {
      const subscription = sets.subscribe()
      await new Promise((resolve) => setTimeout(resolve, moment))
      subscription.unsubscribe()
      await until(() => poolStates().every(({ size, free }) => size === free), 'whole')
    }
    for await (const set of sets) if (set.seq === 3) break
    await until(() => poolStates().every(({ size, free }) => size === free), 'whole')
    watchedPools.clear()
    await until(() => ledger.imbalances().length === 0, 'the ledger balances')
    t.pass()
  },
)

test.serial('who throws in a for await loop over frames leaves whole pools', async (t) => {
  const frames = replay(await drive(t)).pipe(windows(model.window))
  const walk = async () => {
    for await (const frame of frames) if (frame.index === 2) throw new Error('enough')
  }
  await t.throwsAsync(walk, { message: 'enough' })
  await poolsWhole(t, 'frames', 'packets')
})

/** User's operators that take items and neither pass them on nor release them, and the pool that they empty. */
const losing: [string, string, (recording: string, speed: number) => Promise<void>][] = [
  [
    'filter() over packets',
    'packets',
    (file, speed) =>
      play(
        file,
        speed,
        filter(() => false),
      ),
  ],
  [
    'filter() of every second frame',
    'frames',
    (file, speed) =>
      play(
        file,
        speed,
        undefined,
        filter(({ index }) => index % 2 === 0),
      ),
  ],
  [
    'throttleTime() over frames',
    'frames',
    (file, speed) => play(file, speed, undefined, throttleTime(60_000)),
  ],
]

async function play(
  file: string,
  speed: number,
  overPackets: MonoTypeOperatorFunction<EventPacket> = (packets) => packets,
  overFrames: MonoTypeOperatorFunction<FrameWindow> = (frames) => frames,
): Promise<void> {
  await using session = await model.open()
  const sets = replay(file, { loop: true, speed }).pipe(
    overPackets,
    windows(model.window),
    overFrames,
    detect(session),
  )
  for await (const _set of sets);
}

for (const speed of [0, 4])
  for (const [name, pool, run] of losing)
    test.serial(
      `a ${name} that loses them is named at speed ${speed}, instead of a deadlock`,
      async (t) => {
        const error = await t.throwsAsync(run(await drive(t), speed))
        t.like(error, { code: 'ERR_LEASE' })
        t.regex(
          error!.message,
          new RegExp(
            `^all \\d+ buffers of the pool "${pool}" were handed out and none came back within 3 s$`,
          ),
        )
        t.regex((error as Error & { hint: string }).hint, /release what you drop, or detach\(\)/)
        watchedPools.clear()
      },
    )

for (const args of [[], ['--speed', '4']]) {
  test.serial(`SIGINT ends replay --loop ${args.join(' ')} with whole pools`, async (t) => {
    const recording = await drive(t)
    const report = `${recording}.pools`
    const watch = new URL('../support/pool-watch.js', import.meta.url).href
    const run = await saccade(['replay', recording, '--loop', '--json', ...args], {
      env: { NODE_OPTIONS: `--import=${watch}`, SACCADE_POOL_REPORT: report },
      started: (child) => {
        let seen = 0
        child.stdout!.on('data', (text: string) => {
          seen += text.split('\n').length - 1
          if (seen > 10 && !child.killed) child.kill('SIGINT')
        })
      },
    })
    t.deepEqual([run.code, run.signal], [0, null], run.stderr)
    const pools = JSON.parse(readFileSync(report, 'utf8')) as ReturnType<typeof poolStates>
    t.deepEqual(
      pools.filter(({ size, free }) => size !== free),
      [],
    )
    t.true(pools.length >= 2)
    t.truthy(JSON.parse(run.stdout.trim().split('\n').at(-1)!).end)
  })
}
