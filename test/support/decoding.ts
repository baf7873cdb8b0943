// Decoders at work in tests: bytes in pieces, everything they tell taken out as a reader does.
import type { EventDecoder } from '../../pipeline/events/native.js'
import { EventPacket, type Trigger } from '../../pipeline/events/packet.js'
import { eventsOf, type PlainEvent } from './packets.js'

/** What a decoder made of some bytes. */
export interface Decoded {
  events: PlainEvent[]
  triggers: Trigger[]
  /** Counts by kind. */
  faults: Record<string, number>
  /** Offset of the first of each kind. */
  offsets: Record<string, number>
}

/** Decodes pieces, with packets of any capacity. */
export function decodePieces(
  decoder: EventDecoder,
  pieces: readonly Uint8Array[],
  capacity = 4096,
): Decoded {
  const packet = new EventPacket(capacity)
  const out: Decoded = { events: [], triggers: [], faults: {}, offsets: {} }
  for (const piece of pieces)
    for (let from = 0; from < piece.length; ) {
      packet.reset()
      const used = decoder.decode(piece, from, piece.length, packet)
      from += used
      const told = take(decoder, out)
      out.events.push(...eventsOf(packet))
      if (used === 0 && packet.length === 0 && !told) throw new Error('the decoder does not move')
    }
  return out
}

function take(decoder: EventDecoder, out: Decoded): boolean {
  const triggers = decoder.takeTriggers() ?? []
  for (let i = 0; i < triggers.length; i += 3)
    out.triggers.push({ t: triggers[i]!, id: triggers[i + 1]!, value: triggers[i + 2]! as 0 | 1 })
  const faults = decoder.takeFaults() ?? []
  for (let i = 0; i < faults.length; i += 3) {
    const [kind, count, at] = faults.slice(i, i + 3) as [string, number, number]
    out.faults[kind] = (out.faults[kind] ?? 0) + count
    out.offsets[kind] ??= at
  }
  return triggers.length > 0
}

/** Bytes in pieces of these sizes, over and over. */
export function cutInto(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += pieces.at(-1)!.length)
    pieces.push(bytes.subarray(at, at + sizes[pieces.length % sizes.length]!))
  return pieces
}
