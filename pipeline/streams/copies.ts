// Copies of packets for somebody slower than the stream (a disk, a network): a bounded number of them, written one after
// the other, and what finds no free copy is counted.
import type { EventPacket } from '../events/packet.js'
import { drop, type StageCounts } from './ledger.js'

/** Writes packets in their order. */
export class CopyQueue {
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #failed = false

  /**
   * @param counts in events and triggers; what is queued is `held`
   * @param most packets that may wait
   * @param failed called once, with the first error of `write`; what comes after it is dropped
   */
  constructor(
    private readonly write: (packet: EventPacket) => Promise<void>,
    private readonly counts: StageCounts,
    private readonly most: number,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Packets that wait, the one that is being written included. */
  get waiting(): number {
    return this.#waiting
  }

  /** Takes over a packet, and releases it when it is written. */
  push(packet: EventPacket): void {
    if (this.#failed || this.#waiting >= this.most) {
      this.lose(packet)
      packet.release()
      return
    }
    this.#waiting += 1
    this.counts.in += sizeOf(packet)
    this.counts.held += sizeOf(packet)
    this.#last = this.#last.then(() => this.#writeOne(packet))
  }

  /** Counts a packet for which there was no copy. */
  lose(packet: EventPacket): void {
    this.counts.in += sizeOf(packet)
    drop(this.counts, this.#failed ? 'failed' : 'no_buffer', sizeOf(packet))
  }

  /** Resolves when all that waits is written. */
  settled(): Promise<void> {
    return this.#last
  }

  /** Nothing more is written: what waits is dropped. */
  stop(): void {
    this.#failed = true
  }

  async #writeOne(packet: EventPacket): Promise<void> {
    const size = sizeOf(packet)
    try {
      if (!this.#failed) await this.write(packet)
    } catch (error) {
      this.#failed = true
      this.failed(error)
    }
    this.counts.held -= size
    if (this.#failed) drop(this.counts, 'failed', size)
    else this.counts.out += size
    this.#waiting -= 1
    packet.release()
  }
}

/** Events and triggers. */
function sizeOf({ length, triggers }: EventPacket): number {
  return length + (triggers?.length ?? 0)
}
