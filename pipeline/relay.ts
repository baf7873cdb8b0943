// Events without a network: taken, given to those who listen in, and let go.
import type { Observable } from 'rxjs'
import type { EventPacket } from './events/packet.js'
import { type PacketTap, tapped } from './sources/tap.js'

/**
 * Runs until the source ends or the signal fires. The taps are the caller's to close.
 * @example
 * await using source = await openCamera('edvs:/dev/ttyUSB0')
 * const server = await EventServer.listen('tcp://0.0.0.0:5000', { geometry: source.geometry, ledger })
 * await relay(source, [server], signal)
 */
export function relay(
  source: Observable<EventPacket>,
  taps: readonly PacketTap[],
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const subscription = tapped(taps)(source).subscribe({
      next: (packet) => packet.release(),
      error: reject,
      complete: resolve,
    })
    const stop = () => {
      subscription.unsubscribe()
      resolve()
    }
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
  })
}
