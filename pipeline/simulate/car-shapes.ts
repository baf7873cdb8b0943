// The outlines of cars.

/** One strip of the outline, from a point to the next. */
export type Part = 'bumper' | 'tail' | 'glass' | 'roof' | 'bonnet' | 'nose' | 'bed'

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

/** Hatchback, sedan, van, estate, SUV, small car, pickup, people carrier, coupe. */
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
  {
    // estate
    outline: [
      [0, 0.32],
      [0, 0.68],
      [0.06, 0.95],
      [0.42, 1.4],
      [0.8, 1.47],
      [2.4, 1.48],
      [2.95, 1.4],
      [3.65, 0.98],
      [4.5, 0.8],
      [4.68, 0.6],
      [4.68, 0.28],
    ],
    parts: ['bumper', 'tail', 'glass', 'roof', 'roof', 'roof', 'glass', 'bonnet', 'nose', 'bumper'],
    window: [
      [0.4, 1],
      [0.6, 1.34],
      [2.2, 1.4],
      [2.88, 1.35],
      [3.45, 1.02],
    ],
    pillars: [1.2, 2.2],
    wheels: [0.9, 3.75],
    belt: 0.97,
  },
  {
    // SUV
    outline: [
      [0, 0.42],
      [0, 0.85],
      [0.05, 1.12],
      [0.4, 1.6],
      [0.9, 1.7],
      [2.1, 1.7],
      [2.6, 1.62],
      [3.25, 1.16],
      [4.2, 1.02],
      [4.45, 0.78],
      [4.45, 0.4],
    ],
    parts: ['bumper', 'tail', 'glass', 'roof', 'roof', 'roof', 'glass', 'bonnet', 'nose', 'bumper'],
    window: [
      [0.42, 1.16],
      [0.62, 1.53],
      [2, 1.6],
      [2.55, 1.56],
      [3.05, 1.18],
    ],
    pillars: [1.15, 2],
    wheels: [0.85, 3.55],
    belt: 1.12,
  },
  {
    // small car
    outline: [
      [0, 0.3],
      [0, 0.65],
      [0.05, 0.95],
      [0.3, 1.42],
      [0.7, 1.52],
      [1.7, 1.53],
      [2.15, 1.44],
      [2.8, 0.98],
      [3.3, 0.82],
      [3.45, 0.6],
      [3.45, 0.28],
    ],
    parts: ['bumper', 'tail', 'glass', 'roof', 'roof', 'roof', 'glass', 'bonnet', 'nose', 'bumper'],
    window: [
      [0.32, 1],
      [0.5, 1.38],
      [1.7, 1.44],
      [2.1, 1.38],
      [2.62, 1],
    ],
    pillars: [0.75, 1.45],
    wheels: [0.55, 2.85],
    belt: 0.96,
  },
  {
    // pickup
    outline: [
      [0, 0.45],
      [0, 0.8],
      [0.03, 1.1],
      [1.65, 1.1],
      [1.75, 1.72],
      [2.05, 1.8],
      [2.9, 1.78],
      [3.5, 1.18],
      [4.9, 1.04],
      [5.1, 0.75],
      [5.1, 0.4],
    ],
    parts: ['bumper', 'tail', 'bed', 'glass', 'roof', 'roof', 'glass', 'bonnet', 'nose', 'bumper'],
    window: [
      [1.85, 1.18],
      [1.95, 1.64],
      [2.85, 1.66],
      [3.3, 1.2],
    ],
    pillars: [2.05, 2.55],
    wheels: [1, 4.15],
    belt: 1.12,
  },
  {
    // people carrier
    outline: [
      [0, 0.32],
      [0, 0.75],
      [0.05, 1.05],
      [0.25, 1.6],
      [0.7, 1.68],
      [2.4, 1.68],
      [2.9, 1.58],
      [3.75, 1.06],
      [4.25, 0.88],
      [4.4, 0.62],
      [4.4, 0.3],
    ],
    parts: ['bumper', 'tail', 'glass', 'roof', 'roof', 'roof', 'glass', 'bonnet', 'nose', 'bumper'],
    window: [
      [0.3, 1.08],
      [0.42, 1.52],
      [2.3, 1.58],
      [2.85, 1.52],
      [3.55, 1.08],
    ],
    pillars: [1.1, 2.1],
    wheels: [0.78, 3.5],
    belt: 1.05,
  },
  {
    // coupe
    outline: [
      [0, 0.3],
      [0, 0.66],
      [0.08, 0.92],
      [0.5, 0.98],
      [1.35, 1.28],
      [1.9, 1.33],
      [2.3, 1.3],
      [3.05, 0.9],
      [4.2, 0.72],
      [4.4, 0.55],
      [4.4, 0.24],
    ],
    parts: [
      'bumper',
      'tail',
      'bonnet',
      'glass',
      'roof',
      'roof',
      'glass',
      'bonnet',
      'nose',
      'bumper',
    ],
    window: [
      [0.95, 0.98],
      [1.4, 1.2],
      [2.2, 1.24],
      [2.85, 0.94],
    ],
    pillars: [1.35, 2.05],
    wheels: [0.82, 3.5],
    belt: 0.92,
  },
]
