import test from 'ava'
import { map } from 'rxjs'
import { Leased, Pool } from '../../pipeline/streams/pool.js'
import { emit, Stream } from '../../pipeline/streams/stream.js'

class Item extends Leased {
  value = 0
  protected override poison(): void {
    this.value = 0xa5
  }
}

/** Emits 0..n-1 as leased items of a pool of two, and records how many were in flight. */
function counted(n: number) {
  const pool = new Pool('items', 2, () => new Item())
  const seen = { most: 0, stopped: false }
  const stream = new Stream<Item>((subscriber) => {
    const run = async () => {
      for (let i = 0; i < n && !subscriber.closed; i++) {
        const item = await pool.acquire()
        seen.most = Math.max(seen.most, pool.size - pool.free)
        item.value = i
        await emit(subscriber, item)
      }
      subscriber.complete()
    }
    run().catch((error) => subscriber.error(error))
    return () => {
      seen.stopped = true
    }
  })
  return { pool, seen, stream }
}

test('for await walks a stream in order and gives every lease back', async (t) => {
  const { pool, seen, stream } = counted(10)
  const values: number[] = []
  for await (const item of stream) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    values.push(item.value)
  }
  t.deepEqual(values, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.is(pool.free, 2)
  t.true(seen.most <= 2)
})

test('leaving a for await loop early unsubscribes and leaves the pool whole', async (t) => {
  const { pool, seen, stream } = counted(1000)
  for await (const item of stream) if (item.value === 3) break
  t.true(seen.stopped)
  await new Promise((resolve) => setTimeout(resolve, 5))
  t.is(pool.free, 2)
})

test('a slow loop behind a synchronous operator slows the source instead of queueing', async (t) => {
  let emitted = 0
  const source = new Stream<number>((subscriber) => {
    const run = async () => {
      for (; emitted < 50 && !subscriber.closed; emitted++) await emit(subscriber, emitted)
      subscriber.complete()
    }
    void run()
  })
  let ahead = 0
  let got = 0
  for await (const value of source.pipe(map((n: number) => n * 2))) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    t.is(value, got * 2)
    got += 1
    ahead = Math.max(ahead, emitted - got)
  }
  t.is(got, 50)
  t.true(ahead <= 1, `the source ran ${ahead} items ahead`)
})

test('an error of the source reaches the loop after the items before it', async (t) => {
  const stream = new Stream<number>((subscriber) => {
    subscriber.next(1)
    subscriber.error(new Error('cable cut'))
  })
  const values: number[] = []
  await t.throwsAsync(
    async () => {
      for await (const value of stream) values.push(value)
    },
    { message: 'cable cut' },
  )
  t.deepEqual(values, [1])
})
