// Arithmetic on dyadic grids: which power of two a float is a whole multiple of.

const bits = new DataView(new ArrayBuffer(8))

/** The largest e for which x is a whole multiple of 2^e; Infinity for 0, which lies on every grid. */
export function gridOf(x: number): number {
  if (x === 0) return Number.POSITIVE_INFINITY
  bits.setFloat64(0, x)
  const high = bits.getUint32(0)
  const low = bits.getUint32(4)
  const exponent = (high >>> 20) & 0x7ff
  // Subnormal doubles have no hidden bit; they cannot come from f32, but a scale may be anything.
  const fraction = (high & 0xfffff) | (exponent === 0 ? 0 : 0x100000)
  const zeros = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(fraction)
  return Math.max(exponent, 1) - 1075 + zeros
}

function trailingZeros(x: number): number {
  return 31 - Math.clz32(x & -x)
}
