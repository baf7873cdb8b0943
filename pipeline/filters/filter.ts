// What a filter is: takes events out of packets, or changes them, before windows are made, in place, in sensor pixels.
import type { z } from 'zod'
import type { EventPacket, Geometry } from '../events/packet.js'

/** A filter at work on one stream. */
export interface EventFilter {
  /** Moves the events that are kept to the packet's front, in order, and returns how many; `length` is the caller's to set. */
  run(packet: EventPacket): number
  /** Forgets every event. */
  reset(): void
  /** Where a stream must begin, absolute µs, to be filtered from `t` on as if it had begun at its start. */
  warmUpFrom(t: number): number
}

/**
 * One entry of the registry: a new filter is one such object and one line there. The result of a filter must not depend on
 * where a stream is cut into packets.
 */
export interface FilterKind<Spec extends { name: string }> {
  readonly name: Spec['name']
  /** Checks the JSON of a model or a program; keys come out in its order, with the defaults filled in. */
  readonly schema: z.ZodType<Spec>
  /** What of it is known of one camera only, so that no model may ask for it: "a list of pixels"; undefined when nothing is. */
  ofCamera(spec: Spec): string | undefined
  /** Cause under which the ledger counts what it takes out. */
  readonly cause: string
  /** As people write it, e.g. "refractory:50us". */
  text(spec: Spec): string
  /** The settings in `text` after the name, split at ":"; undefined when they are none. */
  parse(settings: readonly string[]): object | undefined
  /** How `parse` wants it, for hints. */
  readonly usage: string
  /**
   * For a filter that puts events at other pixels: the size of the sensor that is behind it, also when it is the same.
   * Undefined, or absent, when it leaves them where they are.
   */
  moves?(spec: Spec, sensor: Geometry): Geometry | undefined
  /** Takes memory for every pixel. Throws ERR_ARGUMENT when spec and sensor do not go together. */
  create(spec: Spec, sensor: Geometry): EventFilter
}
