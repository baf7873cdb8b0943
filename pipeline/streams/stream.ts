// The Observable that every stage returns: RxJS plus `for await`, and demand without a queue.
//
// An Observable cannot say "not yet". Here whoever receives an item may, during that very call, ask for time with
// `delay(promise)`; the stage that emitted it waits for all such promises before it emits the next. A synchronous
// subscriber costs nothing; an async loop or a slow sink slows the replay instead of filling memory.
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import { Leased } from './pool.js'

let open: Promise<unknown>[] | undefined

/** Hands an item on; the returned promise is there only when somebody downstream asked for time. */
export function emit<T>(subscriber: Subscriber<T>, item: T): Promise<unknown> | undefined {
  const outer = open
  open = undefined
  try {
    subscriber.next(item)
    return open === undefined ? undefined : Promise.allSettled(open)
  } finally {
    open = outer
  }
}

/** Called while an item is being received: the stage that emitted it waits for `work` before the next one. */
export function delay(work: Promise<unknown>): void {
  if (open === undefined) open = [work]
  else open.push(work)
}

/** An Observable that `for await` can walk. Leased items are released when the loop body ends; retain() to keep one. */
export class Stream<T> extends Observable<T> implements AsyncIterable<T> {
  override pipe(): Stream<T>
  override pipe<A>(a: OperatorFunction<T, A>): Stream<A>
  override pipe<A, B>(a: OperatorFunction<T, A>, b: OperatorFunction<A, B>): Stream<B>
  override pipe<A, B, C>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
  ): Stream<C>
  override pipe<A, B, C, D>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
  ): Stream<D>
  override pipe<A, B, C, D, E>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
  ): Stream<E>
  override pipe<A, B, C, D, E, F>(
    a: OperatorFunction<T, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
    ...more: OperatorFunction<unknown, unknown>[]
  ): Stream<F>
  override pipe(...operators: OperatorFunction<never, unknown>[]): Stream<unknown> {
    let result: Observable<unknown> = this
    for (const operator of operators) result = operator(result as Observable<never>)
    return result instanceof Stream
      ? result
      : new Stream((subscriber) => result.subscribe(subscriber))
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    const queue: { item: T; done: () => void }[] = []
    let finished = false
    let failure: unknown
    let wake = () => {}
    const subscription = this.subscribe({
      next: (item) => {
        if (item instanceof Leased) item.hold('for await')
        delay(new Promise<void>((done) => queue.push({ item, done })))
        wake()
      },
      error: (error) => {
        failure = error
        finished = true
        wake()
      },
      complete: () => {
        finished = true
        wake()
      },
    })
    try {
      while (true) {
        const next = queue.shift()
        if (next === undefined) {
          if (finished) break
          await new Promise<void>((resolve) => {
            wake = resolve
          })
          continue
        }
        try {
          yield next.item
        } finally {
          if (next.item instanceof Leased) next.item.release()
          next.done()
        }
      }
      if (failure !== undefined) throw failure
    } finally {
      subscription.unsubscribe()
      for (const { item, done } of queue) {
        if (item instanceof Leased) item.release()
        done()
      }
    }
  }
}
