// Colours of the pictures. ON against OFF and boxes against both must stay apart for every kind of colour vision, so they
// differ in lightness first: near-white ON, blue OFF, amber boxes; blue against amber is the pair that all common forms
// of colour blindness keep. The live page paints with the same ones, so nothing of Node is used here.

/** Indices into a theme's colours. Counts are shaded in three steps, so that a busy pixel reads as busy. */
export const Ink = {
  ground: 0,
  on: [1, 2, 3],
  off: [4, 5, 6],
  strip: 7,
  text: 8,
  faint: 9,
  truth: 10,
  onAccent: 11,
  /** First of the class colours; class k is drawn in CLASS + k % CLASSES. */
  classes: 12,
} as const

/** Number of class colours. */
export const CLASS_COLOURS = 4

/** RGB triples, index after index. */
export type Theme = Uint8Array

/** Light events on a dark ground: the default. */
export const DARK: Theme = rgb(
  '11141a', // ground
  ['a9adb3', 'd8dade', 'ffffff'], // on
  ['2456a8', '2f74e0', '5a9bff'], // off
  '1c212b', // strip
  'e6e9ee', // text
  '7d8694', // faint
  '9aa3b0', // truth
  '101010', // letters on a class colour
  ['ffb000', 'ff6fae', '35d0ba', 'c58bff'], // classes: amber, pink, teal, violet
)

/** Dark events on a light ground, for paper. */
export const LIGHT: Theme = rgb(
  'ffffff',
  ['ffa65c', 'f07d1a', 'c95f00'],
  ['7fb0ea', '2f74e0', '123f8f'],
  'eef0f3',
  '1a1d23',
  '7d8694',
  '5b6470',
  'ffffff',
  ['8a1f5c', '00695c', '5e2ca5', '7a4b00'],
)

function rgb(...colours: (string | string[])[]): Theme {
  const digits = colours.flat().join('').match(/../g) ?? []
  return Uint8Array.from(digits, (pair) => Number.parseInt(pair, 16))
}
