// What every kind of camera promises, asked of each in the same words: short reads, stalls, unplugging, a clock that begins at
// zero again, overload, damaged input, an orderly end.
import test, { type ExecutionContext } from 'ava'
import type { EventPacket } from '../../pipeline/events/packet.js'
import type { Camera } from '../../pipeline/sources/camera.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { CAMERA_RIGS, type CameraRig } from '../support/camera-rigs.js'
import { eventsOf, type PlainEvent } from '../support/packets.js'
import { lacks } from '../support/tools.js'
import { sleep, until } from '../support/wait.js'

/** A camera that is read, and what came of it. */
class Reader {
  readonly ledger = new Ledger()
  readonly events: PlainEvent[] = []
  readonly ticks: number[] = []
  readonly states: string[] = []
  readonly notices: string[] = []
  readonly faults: Record<string, number> = {}
  readonly kept: EventPacket[] = []
  keep = false
  dropped = 0
  completed = false
  error: unknown
  camera!: Camera

  constructor(readonly rig: CameraRig) {}

  async start(): Promise<this> {
    await this.rig.begin()
    this.camera = await this.rig.open({
      ledger: this.ledger,
      random: () => 0.2,
      notice: (sentence) => this.notices.push(sentence),
    })
    this.camera.states.subscribe((state) => this.states.push(state))
    this.camera.subscribe({
      next: (packet) => this.#take(packet),
      error: (error) => {
        this.error = error
      },
      complete: () => {
        this.completed = true
      },
    })
    await this.up()
    return this
  }

  async up(): Promise<void> {
    await until(() => this.camera.state === 'up' && this.rig.ready(), 'it is up', 20_000)
    // What is sent in the very moment of the opening may go to nobody.
    await sleep(30)
  }

  /** Sends a burst and waits for it. */
  async burst(n: number): Promise<PlainEvent[]> {
    const before = this.events.length
    const sent = this.rig.burst(n)
    await until(() => this.events.length >= before + n, `${n} events come`, 20_000)
    return sent
  }

  async end(): Promise<void> {
    for (const packet of this.kept.splice(0)) packet.release()
    await this.camera.close()
    await this.rig.close()
    this.ledger.check()
  }

  #take(packet: EventPacket): void {
    const { length, live, width, faults = {} } = packet
    if (!live || width !== this.rig.geometry.width) throw new Error('the packet is not a live one')
    for (const [kind, n] of Object.entries(faults)) this.faults[kind] = (this.faults[kind] ?? 0) + n
    this.dropped += packet.dropped
    if (length === 0) this.ticks.push(packet.t0)
    for (const event of eventsOf(packet)) this.events.push(event)
    if (this.keep && length > 0) this.kept.push(packet)
    else packet.release()
  }
}

const pixels = (events: readonly PlainEvent[]) => events.map(({ x, y, p }) => `${x},${y},${p}`)
const fromFirst = (events: readonly PlainEvent[]) => events.map(({ t }) => t - events[0]!.t)
const sorted = (events: readonly PlainEvent[]) =>
  events.every(({ t }, i) => i === 0 || t >= events[i - 1]!.t)

type Body = (reader: Reader, t: ExecutionContext) => Promise<void>

for (const [name, make] of Object.entries(CAMERA_RIGS)) {
  // One camera of a kind at a time: a process that is held up by 35 of them at once tells no time.
  let before: Promise<unknown> = Promise.resolve()
  const promise = (what: string, body: Body) =>
    test(`${name}: ${what}`, async (t) => {
      const rig = make()
      if (lacks(t, ...rig.tools)) return
      const turn = before.catch(() => {}).then(async () => body(await new Reader(rig).start(), t))
      before = turn
      await turn
    })

  promise(
    'events come as they were sent, whatever the pieces, and the end is orderly',
    async (reader, t) => {
      const sent = [
        ...(await reader.burst(500)),
        ...(await reader.burst(300)),
        ...(await reader.burst(1200)),
      ]
      t.deepEqual(pixels(reader.events), pixels(sent))
      t.deepEqual(fromFirst(reader.events), fromFirst(sent))
      t.deepEqual(reader.faults, {})
      const { events, state } = reader.camera.health()
      t.deepEqual([state, events!.in, events!.out], ['up', 2000, 2000])
      await reader.end()
      t.true(reader.completed)
      t.deepEqual(reader.states, ['opening', 'up', 'closed'])
    },
  )

  promise('in a stall time is told, the silence is told, and its end', async (reader, t) => {
    await reader.burst(300)
    await until(() => reader.camera.state === 'silent', 'the silence is seen', 20_000)
    const last = reader.events.at(-1)!.t
    const told = () => reader.ticks.filter((tick) => tick > last)
    // A busy process does not know what has come, and tells no time meanwhile.
    await until(() => (told().at(-1) ?? 0) > last + 1_000_000, 'time is told', 20_000)
    await reader.burst(300)
    t.true(sorted(reader.events))
    t.is(reader.camera.state, 'up')
    t.regex(reader.notices.at(-1)!, /sends again$/)
    await reader.end()
  })

  promise(
    'unplugged, it comes back with its clock at zero, and time goes on',
    async (reader, t) => {
      await reader.burst(400)
      await reader.rig.unplug()
      if (reader.rig.tellsLoss)
        await until(() => reader.camera.state === 'lost', 'the loss is seen', 20_000)
      else await sleep(1200)
      await reader.rig.plug()
      if (reader.rig.tellsLoss) await reader.up()
      const before = reader.events.length
      await reader.burst(400)
      t.true(sorted(reader.events))
      t.deepEqual(pixels(reader.events.slice(before)), pixels(reader.events.slice(0, 400)))
      t.true((reader.faults[reader.rig.restartFault] ?? 0) >= 1)
      t.deepEqual({ ...reader.camera.faults }, reader.faults)
      await reader.end()
    },
  )

  promise('nobody takes its packets: it drops, counts, tells, and goes on', async (reader, t) => {
    await reader.burst(300)
    reader.keep = true
    const counts = reader.ledger.stage('source', 'events')
    while ((counts.dropped.no_buffer ?? 0) < 200) {
      reader.rig.burst(50)
      await sleep(8)
    }
    reader.ledger.check()
    t.is(reader.kept.length, 16)
    reader.keep = false
    for (const packet of reader.kept.splice(0)) packet.release()
    await sleep(50)
    await reader.burst(300)
    await reader.end()
    t.is(reader.dropped, counts.dropped.no_buffer!)
    t.is(counts.in, counts.out + reader.dropped)
    t.is(counts.out, reader.events.length)
  })

  promise('what is no event is counted, and events go on', async (reader, t) => {
    await reader.burst(300)
    reader.rig.garbage()
    for (let n = 0; n < 20 && reader.faults[reader.rig.garbageFault] === undefined; n++) {
      reader.rig.burst(40)
      await sleep(20)
    }
    t.true((reader.faults[reader.rig.garbageFault] ?? 0) >= 1, JSON.stringify(reader.faults))
    await sleep(50)
    const before = reader.events.length
    await reader.burst(300)
    t.true(reader.events.length >= before + 300)
    t.is(reader.error, undefined)
    await reader.end()
  })
}
