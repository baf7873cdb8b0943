// Fixed pools are what bounds memory: an Observable has no demand, so a stage that wants to emit first waits for a free
// item. An item handed on belongs to whoever takes it. A stage of ours marks what it keeps with `hold(stage)`; an item
// that nobody holds while somebody waits for one was lost by a user's operator, and that is named instead of a deadlock.
import { SaccadeError } from '../errors.js'

/** Set by tests (SACCADE_POISON=1): released buffers are filled with 0xA5, so that a use after release shows. */
const POISON = process.env.SACCADE_POISON === '1'
const LOST_AFTER_MS = 3000

/** An item of a pool: counted, released exactly once per holder. */
export abstract class Leased {
  #pool: Pool<Leased> | undefined
  #count = 1
  #holder: string | undefined

  /** The stage that keeps this item just now, if it is one of saccade's. */
  get holder(): string | undefined {
    return this.#holder
  }

  /** Marks the item as kept by a stage until it is handed on (`hold(undefined)`) or released. */
  hold(stage: string | undefined): this {
    this.#holder = stage
    return this
  }

  /** One more holder: the buffer returns to its pool after as many `release()` calls as holders. */
  retain(): this {
    if (this.#count < 1) throw new SaccadeError('ERR_LEASE', 'a released buffer was retained')
    this.#count += 1
    return this
  }

  /** Gives the buffer back. Nothing of it may be read afterwards. */
  release(): void {
    if (this.#count < 1) throw new SaccadeError('ERR_LEASE', 'a buffer was released twice')
    this.#count -= 1
    if (this.#count > 0 || this.#pool === undefined) return
    this.#holder = undefined
    if (POISON) this.poison()
    this.#pool.restore(this)
  }

  /** Fills the buffers with 0xA5. */
  protected abstract poison(): void

  /** @internal */
  enlist(pool: Pool<Leased>): void {
    this.#pool = pool
    this.#count = 0
  }

  /** @internal */
  lend(): void {
    this.#count = 1
  }
}

interface Waiter<T> {
  stage: string | undefined
  resolve(item: T): void
  reject(error: Error): void
  timer: NodeJS.Timeout
  stop(): void
}

/**
 * A fixed number of reusable items.
 * @example
 * const pool = new Pool('packets', 4, () => new EventPacket(65536))
 * const packet = await pool.acquire()
 * packet.release()
 */
export class Pool<T extends Leased> {
  readonly #items: T[] = []
  readonly #free: T[] = []
  readonly #waiters: Waiter<T>[] = []
  #watched = false

  constructor(
    readonly name: string,
    readonly size: number,
    make: () => T,
  ) {
    for (let i = 0; i < size; i++) {
      const item = make()
      item.enlist(this as unknown as Pool<Leased>)
      this.#items.push(item)
      this.#free.push(item)
    }
  }

  /** Items free just now; equal to `size` when the pool is whole. */
  get free(): number {
    return this.#free.length
  }

  /** A free item, or undefined: for stages that must not wait (cameras). */
  tryAcquire(): T | undefined {
    const item = this.#free.pop()
    item?.lend()
    return item
  }

  /**
   * A free item as soon as there is one. Rejects with ERR_ABORTED on abort and ERR_LEASE when items were lost. `stage` is the one
   * that waits: what it holds itself it cannot give back meanwhile.
   */
  acquire(signal?: AbortSignal, stage?: string): Promise<T> {
    if (signal?.aborted) return Promise.reject(aborted())
    const item = this.tryAcquire()
    if (item !== undefined) return Promise.resolve(item)
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#fail(waiter, aborted())
      const waiter: Waiter<T> = {
        stage,
        resolve,
        reject,
        timer: setInterval(() => this.#checkLost(waiter), LOST_AFTER_MS),
        stop: () => {
          clearInterval(waiter.timer)
          signal?.removeEventListener('abort', onAbort)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.push(waiter)
    })
  }

  /**
   * For a stage that found no free item and goes on without: calls `onLost` with ERR_LEASE when items were lost, since a
   * stage that never waits would otherwise drop everything for ever. Watches until an item comes back; further calls
   * meanwhile do nothing.
   */
  watch(onLost: (error: unknown) => void, signal?: AbortSignal, stage?: string): void {
    if (this.#watched) return
    this.#watched = true
    this.acquire(signal, stage)
      .then(
        (item) => item.release(),
        (error) => {
          if (!signal?.aborted) onLost(error)
        },
      )
      .finally(() => {
        this.#watched = false
      })
  }

  /** @internal Called by an item's last release. */
  restore(item: Leased): void {
    const waiter = this.#waiters.shift()
    if (waiter === undefined) {
      this.#free.push(item as T)
      return
    }
    waiter.stop()
    item.lend()
    waiter.resolve(item as T)
  }

  #checkLost(waiter: Waiter<T>): void {
    if (this.#items.some(({ holder }) => holder !== undefined && holder !== waiter.stage)) return
    this.#fail(
      waiter,
      new SaccadeError(
        'ERR_LEASE',
        `all ${this.size} buffers of the pool "${this.name}" were handed out and none came back within ${LOST_AFTER_MS / 1000} s`,
        'an operator between the stages (filter, throttle, sample, share) dropped items without release(); release what you drop, or detach() what you keep',
      ),
    )
  }

  #fail(waiter: Waiter<T>, error: Error): void {
    const at = this.#waiters.indexOf(waiter)
    if (at < 0) return
    this.#waiters.splice(at, 1)
    waiter.stop()
    waiter.reject(error)
  }
}

function aborted(): SaccadeError {
  return new SaccadeError('ERR_ABORTED', 'stopped on request')
}
