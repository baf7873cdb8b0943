// Functions whose last digit must not depend on the engine: built from + - * / alone, which IEEE 754 fixes to the bit.
// (ECMAScript leaves Math.sin, exp, pow and even sqrt to the implementation.)

const TAU = 6.283185307179586

/** Sine of an angle in turns; error below 4e-6, enough for wheels and swinging arms. */
export function sine(turns: number): number {
  let u = turns - Math.floor(turns) // 0..1
  if (u > 0.75) u -= 1
  else if (u > 0.25) u = 0.5 - u
  const x = u * TAU // -pi/2..pi/2
  const q = x * x
  return x * (1 - (q / 6) * (1 - (q / 20) * (1 - (q / 42) * (1 - q / 72))))
}

/** Cosine of an angle in turns. */
export function cosine(turns: number): number {
  return sine(turns + 0.25)
}

/** e^x for x in -50..0, by a short series at x / 256, squared eight times. */
export function exp(x: number): number {
  const h = x / 256
  let y = 1 + h * (1 + (h / 2) * (1 + (h / 3) * (1 + (h / 4) * (1 + (h / 5) * (1 + h / 6)))))
  for (let i = 0; i < 8; i++) y *= y
  return y
}
