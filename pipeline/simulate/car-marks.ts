// What is painted on each part of a car.
import type { Part } from './car-shapes.js'

/** Log intensities relative to asphalt. */
export const GLASS = -1.1
export const TYRE = -1.25

/** A rectangle on a strip: u across in -1..1, v from the strip's lower end in 0..1, log intensity, counted from that of paint, glass or asphalt; head and rear are lamps. */
export type Mark = readonly [
  u0: number,
  u1: number,
  v0: number,
  v1: number,
  level: number,
  from: 'paint' | 'glass' | 'asphalt' | 'head' | 'rear',
]

/** What a strip carries, in order; the first covers it. */
export const MARKS: Readonly<Record<Part | 'frontBumper', readonly Mark[]>> = {
  roof: [[-1, 1, 0, 1, 0.45, 'paint']],
  bed: [[-0.95, 0.95, 0, 1, -0.9, 'asphalt']],
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
    [-0.92, -0.74, 0.5, 0.72, 0.8, 'rear'],
    [0.74, 0.92, 0.5, 0.72, 0.8, 'rear'],
    [-0.4, 0.4, 0.06, 0.72, -0.6, 'paint'],
    [-0.3, 0.3, 0.16, 0.58, 1.15, 'asphalt'],
    [-1, 1, 0.92, 1, -0.6, 'paint'],
  ],
  nose: [
    [-1, 1, 0, 1, -0.1, 'paint'],
    [-1, -0.54, 0.02, 0.9, -0.5, 'paint'],
    [0.54, 1, 0.02, 0.9, -0.5, 'paint'],
    [-0.96, -0.6, 0.1, 0.8, 1.25, 'head'],
    [0.6, 0.96, 0.1, 0.8, 1.25, 'head'],
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
