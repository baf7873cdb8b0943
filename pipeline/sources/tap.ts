// Who listens in on a stream of packets: a recorder, a server. Before filters, which take events out of packets in place.
import type { Observable, OperatorFunction, Subscriber } from 'rxjs'
import type { EventPacket } from '../events/packet.js'
import { delay, emit, Stream } from '../streams/stream.js'

/** Gets every packet of a stream, before anybody changes it. */
export interface PacketTap {
  /**
   * Looks at a packet that is another's. A live one is copied at once, or counted as lost; of a replay nothing may be lost: the
   * packet goes on when the promise resolves.
   */
  take(packet: EventPacket): Promise<void> | undefined
  /** The end: all that was taken is written. */
  close(): Promise<void>
}

/**
 * Lets taps have each packet before it goes on.
 * @example
 * const recorder = await Recorder.open('drive.raw', { geometry: source.geometry, ledger })
 * source.pipe(tapped([recorder]), windows(model.window), …)
 */
export function tapped(taps: readonly PacketTap[]): OperatorFunction<EventPacket, EventPacket> {
  return (source: Observable<EventPacket>) =>
    new Stream<EventPacket>((subscriber) => {
      return source.subscribe({
        next: (packet) => {
          const work = taps.map((tap) => tap.take(packet)).filter((done) => done !== undefined)
          if (work.length > 0) delay(passOn(work, packet, subscriber))
          else subscriber.next(packet)
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      })
    })
}

async function passOn(
  work: readonly Promise<void>[],
  packet: EventPacket,
  subscriber: Subscriber<EventPacket>,
): Promise<void> {
  packet.hold('tap')
  try {
    await Promise.all(work)
  } catch (error) {
    packet.release()
    subscriber.error(error)
    return
  }
  packet.hold(undefined)
  if (subscriber.closed) packet.release()
  else await emit(subscriber, packet)
}
