// Seeded damage to files: what a fuzzer does, reproducible by its seed.
import type { Random } from './make-plan.js'

const SPECIAL = [0, 1, 0x7f, 0x80, 0xff]

/** One change: bits, bytes, lengths in little-endian, spans that are lost, repeated, moved or made up. */
function change(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.next(bytes.length + 1)
  const length = Math.min(1 + random.next(random.pick([4, 64, 1000])), bytes.length - at)
  const before = bytes.subarray(0, at)
  const span = bytes.subarray(at, at + length)
  const after = bytes.subarray(at + length)
  switch (random.next(9)) {
    case 0:
      return before
    case 1:
      return Buffer.concat([before, after])
    case 2:
      return Buffer.concat([before, span, span, after])
    case 3: {
      const from = random.next(bytes.length + 1)
      return Buffer.concat([before, bytes.subarray(from, from + length), after])
    }
    case 4:
      return Buffer.concat([before, Buffer.from(span).fill(random.pick(SPECIAL)), after])
    case 5:
      return Buffer.concat([before, Buffer.from(span).map(() => random.next(256)), span, after])
    default: {
      const copy = Uint8Array.from(bytes)
      if (length === 0) return copy
      if (random.next(2) === 0) copy[at] = copy[at]! ^ (1 << random.next(8))
      else copy[at] = random.next(2) === 0 ? random.pick(SPECIAL) : random.next(256)
      return copy
    }
  }
}

/** A copy with one to six changes. */
export function damage(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes
  for (let left = 1 + random.next(random.pick([1, 2, 6])); left > 0; left--)
    result = change(result, random)
  return Uint8Array.from(result)
}
