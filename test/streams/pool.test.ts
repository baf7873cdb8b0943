import test from 'ava'
import { filter } from 'rxjs'
import { EventPacket } from '../../pipeline/events/packet.js'
import { Leased, Pool } from '../../pipeline/streams/pool.js'
import { emit, Stream } from '../../pipeline/streams/stream.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'
import { windows } from '../../pipeline/windows/windows.js'
import { sleep, until } from '../support/wait.js'

const SPEC: WindowSpec = {
  kind: 'count',
  durationUs: 1000,
  steps: 1,
  bins: 1,
  clip: 15,
  width: 8,
  height: 4,
  channels: 2,
  timeOrder: 'oldest-first',
  scale: 1,
}

class Item extends Leased {
  readonly bytes = new Uint8Array(4).fill(1)
  protected override poison(): void {
    this.bytes.fill(0xa5)
  }
}

const makePool = (size: number) => new Pool('items', size, () => new Item())

test('a pool makes its items once and hands out the same ones again', (t) => {
  let made = 0
  const pool = new Pool('items', 3, () => {
    made += 1
    return new Item()
  })
  const seen = new Set<Item>()
  for (let round = 0; round < 10; round++) {
    const items = [pool.tryAcquire()!, pool.tryAcquire()!, pool.tryAcquire()!]
    t.is(pool.tryAcquire(), undefined)
    for (const item of items) {
      seen.add(item)
      item.release()
    }
  }
  t.is(made, 3)
  t.is(seen.size, 3)
  t.is(pool.free, 3)
})

test('a buffer returns after as many releases as it has holders', (t) => {
  const pool = makePool(1)
  const item = pool.tryAcquire()!.retain().retain()
  item.release()
  item.release()
  t.is(pool.free, 0)
  item.release()
  t.is(pool.free, 1)
})

test('a second release and a late retain are refused, and the pool stays whole', (t) => {
  const pool = makePool(2)
  const item = pool.tryAcquire()!
  item.release()
  t.throws(() => item.release(), { message: 'a buffer was released twice' })
  t.like(
    t.throws(() => item.retain()),
    { code: 'ERR_LEASE', message: 'a released buffer was retained' },
  )
  t.is(pool.free, 2)
  t.not(pool.tryAcquire(), pool.tryAcquire())
})

test('who waits gets the next buffer that comes back, in the order of asking', async (t) => {
  const pool = makePool(1)
  const item = await pool.acquire()
  const order: string[] = []
  const first = pool.acquire().then((got) => {
    order.push('first')
    return got
  })
  const second = pool.acquire().then((got) => {
    order.push('second')
    return got
  })
  item.release()
  t.is(pool.free, 0, 'it went to the one who waits')
  t.is(await first, item)
  item.release()
  t.is(await second, item)
  t.deepEqual(order, ['first', 'second'])
  item.release()
  t.is(pool.free, 1)
})

test('an abort ends a wait, takes nothing and leaves no listener', async (t) => {
  const pool = makePool(1)
  const item = await pool.acquire()
  const stop = new AbortController()
  const wait = pool.acquire(stop.signal)
  stop.abort()
  t.like(await t.throwsAsync(wait), { code: 'ERR_ABORTED', message: 'stopped on request' })
  item.release()
  t.is(pool.free, 1)
  t.like(await t.throwsAsync(pool.acquire(stop.signal)), { code: 'ERR_ABORTED' })
  t.is(pool.free, 1)
  const kept = new AbortController()
  for (let i = 0; i < 20; i++) {
    const held = await pool.acquire(kept.signal)
    const next = pool.acquire(kept.signal)
    held.release()
    ;(await next).release()
  }
  kept.abort() // would reject a wait that is still enlisted
  t.is(pool.free, 1)
})

test('buffers that everybody forgot are named, with what to do, instead of a deadlock', async (t) => {
  const pool = makePool(2)
  const lost = [await pool.acquire(), await pool.acquire()]
  const error = await t.throwsAsync(pool.acquire())
  t.like(error, {
    code: 'ERR_LEASE',
    message: 'all 2 buffers of the pool "items" were handed out and none came back within 3 s',
  })
  t.regex((error as { hint?: string }).hint!, /release what you drop, or detach\(\)/)
  for (const item of lost) item.release()
  t.is(pool.free, 2)
  ;(await pool.acquire()).release()
})

test('a wait behind a slow stage that holds a buffer is no loss', async (t) => {
  const pool = makePool(2)
  const items = [await pool.acquire(), await pool.acquire()]
  items[0]!.hold('detect')
  const wait = pool.acquire()
  await sleep(3500)
  items[0]!.release()
  const item = await wait
  t.is(item.holder, undefined, 'a new life has no holder')
  for (const each of [item, items[1]!]) each.release()
  t.is(pool.free, 2)
})

test('what the waiting stage holds itself is no reason to wait longer', async (t) => {
  const pool = makePool(2)
  const own = (await pool.acquire()).hold('windows')
  const lost = await pool.acquire()
  t.like(await t.throwsAsync(pool.acquire(undefined, 'windows')), { code: 'ERR_LEASE' })
  for (const item of [own, lost]) item.release()
  t.is(pool.free, 2)
})

test('a filter that loses frames ends a replay with a sentence, and gives the packets back', async (t) => {
  const pool = new Pool('packets', 2, () => new EventPacket(16))
  const source = new Stream<EventPacket>((subscriber) => {
    const run = async () => {
      for (let i = 0; i < 100 && !subscriber.closed; i++) {
        const packet = (await pool.acquire()).reset()
        packet.length = 1
        packet.t0 = i * 1000
        packet.t[0] = 0
        await emit(subscriber, packet)
      }
    }
    run().catch((error) => subscriber.error(error))
  })
  const frames = source.pipe(
    windows(SPEC, { geometry: { width: 8, height: 4 } }),
    filter(() => false),
  )
  const error = await t.throwsAsync(async () => {
    for await (const _ of frames) t.fail()
  })
  t.like(error, { code: 'ERR_LEASE' })
  t.regex(error.message, /of the pool "frames" were handed out/)
  await until(() => pool.free === 2, 'the packets are back')
})

test('with SACCADE_POISON=1 what was released reads 0xA5', (t) => {
  const pool = makePool(1)
  const item = pool.tryAcquire()!.retain()
  item.release()
  t.deepEqual(item.bytes, Uint8Array.of(1, 1, 1, 1))
  item.release()
  const want = process.env.SACCADE_POISON === '1' ? 0xa5 : 1
  t.deepEqual(item.bytes, new Uint8Array(4).fill(want))
})

test('a detached packet outlives its pool, and may be released or not', (t) => {
  const pool = new Pool('packets', 1, () => new EventPacket(8))
  const packet = pool.tryAcquire()!.reset()
  packet.t0 = 5
  packet.length = 2
  packet.t.set([0, 7])
  packet.x.set([1, 2])
  packet.y.set([3, 4])
  packet.p.set([1, 0])
  packet.faults = { resync: 1 }
  const copy = packet.detach()
  packet.release()
  pool.tryAcquire()!.reset().t.fill(9)
  t.deepEqual([...copy.t, ...copy.x, ...copy.y, ...copy.p], [0, 7, 1, 2, 3, 4, 1, 0])
  t.like(copy, { t0: 5, length: 2, faults: { resync: 1 } })
  t.notThrows(() => copy.release())
})
