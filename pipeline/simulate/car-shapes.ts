// The outlines of cars, and what is painted on each part of them.

/** One strip of the outline, from a point to the next. */
export type Part = 'bumper' | 'tail' | 'glass' | 'roof' | 'bonnet' | 'nose'

/** A pattern that cars are drawn from; metres. */
export interface Shape {
  /** Outline from the lowest point at the rear over the roof to the front: z (metres from the rear), y. */
  outline: readonly (readonly [z: number, y: number])[]
  /** What lies between each point and the next. */
  parts: readonly Part[]
  /** Side window: z, y. */
  window: readonly (readonly [z: number, y: number])[]
  pillars: readonly number[]
  wheels: readonly [rear: number, front: number]
  /** Height of the waist line. */
  belt: number
}

/** Hatchback, sedan, van. */
export const SHAPES: readonly Shape[] = [
  {
    // hatchback
    outline: [
      [0, 0.3],
      [0, 0.62],
      [0.06, 0.92],
      [0.5, 1.36],
      [0.95, 1.45],
      [1.9, 1.48],
      [2.35, 1.42],
      [3.05, 0.98],
      [3.85, 0.8],
      [4, 0.62],
      [4, 0.28],
    ],
    parts: ['bumper', 'tail', 'glass', 'roof', 'roof', 'roof', 'glass', 'bonnet', 'nose', 'bumper'],
    window: [
      [0.45, 0.98],
      [0.75, 1.32],
      [1.9, 1.38],
      [2.3, 1.34],
      [2.85, 1],
    ],
    pillars: [0.95, 1.75],
    wheels: [0.72, 3.2],
    belt: 0.95,
  },
  {
    // sedan
    outline: [
      [0, 0.32],
      [0, 0.7],
      [0.1, 0.98],
      [0.85, 1.02],
      [1.45, 1.37],
      [2, 1.45],
      [2.6, 1.44],
      [2.95, 1.38],
      [3.65, 0.98],
      [4.45, 0.8],
      [4.6, 0.6],
      [4.6, 0.28],
    ],
    parts: [
      'bumper',
      'tail',
      'bonnet',
      'glass',
      'roof',
      'roof',
      'roof',
      'glass',
      'bonnet',
      'nose',
      'bumper',
    ],
    window: [
      [1.1, 1.03],
      [1.55, 1.32],
      [2.2, 1.38],
      [2.85, 1.34],
      [3.42, 1.02],
    ],
    pillars: [1.5, 2.2],
    wheels: [0.9, 3.72],
    belt: 0.98,
  },
  {
    // van
    outline: [
      [0, 0.36],
      [0, 0.85],
      [0.04, 1.12],
      [0.16, 1.78],
      [0.4, 1.88],
      [3, 1.88],
      [3.35, 1.78],
      [4, 1.15],
      [4.5, 0.98],
      [4.65, 0.7],
      [4.65, 0.32],
    ],
    parts: ['bumper', 'tail', 'glass', 'roof', 'roof', 'roof', 'glass', 'bonnet', 'nose', 'bumper'],
    window: [
      [0.3, 1.14],
      [0.36, 1.65],
      [3.05, 1.7],
      [3.7, 1.17],
    ],
    pillars: [1.25, 2.3],
    wheels: [0.8, 3.72],
    belt: 1.1,
  },
]

/** Log intensities relative to asphalt. */
export const GLASS = -1.1
export const TYRE = -1.25

/** A rectangle on a strip: u across in -1..1, v from the strip's lower end in 0..1, log intensity, counted from that of paint, glass or asphalt. */
export type Mark = readonly [
  u0: number,
  u1: number,
  v0: number,
  v1: number,
  level: number,
  from: 'paint' | 'glass' | 'asphalt',
]

/** What a strip carries, in order; the first covers it. */
export const MARKS: Readonly<Record<Part | 'frontBumper', readonly Mark[]>> = {
  roof: [[-1, 1, 0, 1, 0.45, 'paint']],
  bonnet: [
    [-1, 1, 0, 1, 0.3, 'paint'],
    [-0.62, 0.62, 0.1, 0.9, 0.42, 'paint'],
  ],
  glass: [
    [-1, 1, 0, 1, 0.1, 'paint'],
    [-0.88, 0.88, 0.08, 0.92, 0, 'glass'],
    // Head rests are darker shapes against the light of the far windows.
    [-0.55, -0.25, 0.1, 0.42, -0.5, 'glass'],
    [0.25, 0.55, 0.1, 0.42, -0.5, 'glass'],
  ],
  tail: [
    [-1, 1, 0, 1, 0, 'paint'],
    [-0.98, -0.66, 0.25, 0.9, -0.85, 'asphalt'],
    [0.66, 0.98, 0.25, 0.9, -0.85, 'asphalt'],
    [-0.92, -0.74, 0.5, 0.72, 0.8, 'asphalt'],
    [0.74, 0.92, 0.5, 0.72, 0.8, 'asphalt'],
    [-0.4, 0.4, 0.06, 0.72, -0.6, 'paint'],
    [-0.3, 0.3, 0.16, 0.58, 1.15, 'asphalt'],
    [-1, 1, 0.92, 1, -0.6, 'paint'],
  ],
  nose: [
    [-1, 1, 0, 1, -0.1, 'paint'],
    [-1, -0.54, 0.02, 0.9, -0.5, 'paint'],
    [0.54, 1, 0.02, 0.9, -0.5, 'paint'],
    [-0.96, -0.6, 0.1, 0.8, 1.25, 'asphalt'],
    [0.6, 0.96, 0.1, 0.8, 1.25, 'asphalt'],
    [-0.5, 0.5, 0.15, 0.85, -1, 'asphalt'],
  ],
  bumper: [
    [-1, 1, 0, 1, -0.2, 'paint'],
    [-0.97, 0.97, 0, 0.3, -1, 'asphalt'],
    [-1, 1, 0.93, 1, -0.6, 'paint'],
    [-0.9, 0.9, 0.58, 0.72, -0.75, 'paint'],
    [-0.8, -0.6, 0.36, 0.5, 0.3, 'asphalt'],
    [0.6, 0.8, 0.36, 0.5, 0.3, 'asphalt'],
  ],
  frontBumper: [
    [-1, 1, 0, 1, -0.2, 'paint'],
    [-0.97, 0.97, 0, 0.3, -1, 'asphalt'],
    [-0.9, 0.9, 0.62, 0.72, -0.75, 'paint'],
    [-0.28, 0.28, 0.36, 0.6, 1.1, 'asphalt'],
  ],
}
