// Simulated drives: a scene is painted every few milliseconds, a sensor model looks at it, and what moved becomes events.
// Same seed, same bytes, on every machine: no Math.random, no transcendental of the engine, no clock.
import { SaccadeError } from '../errors.js'
import type { EventPacket, Geometry } from '../events/packet.js'
import type { Label } from '../sources/labels.js'
import { LogCanvas } from './canvas.js'
import { drawConditions } from './conditions.js'
import { makeHard } from './hard.js'
import { makePlace, type Place } from './places.js'
import { Random } from './random.js'
import { EventSensor, type SensorSpec } from './sensor.js'
import { visibleLabels } from './visible.js'

/** What to simulate. Only the seed is needed. */
export interface SimulateSpec {
  /** Integer 0..2^32-1. */
  seed: number
  /** Length, µs; default 2 s, at most 10 min. */
  durationUs?: number
  /** Sensor size; default 304 x 240, as Gen1. */
  width?: number
  height?: number
  /** Default `street`. */
  scene?: Place | 'hard'
  /** Cars in the scene, parked ones included; default 8 (2 beside a road; `hard` draws it). */
  cars?: number
  /** People on foot; default 4 (1 beside a road; `hard` draws it). */
  people?: number
  /** What the sensor is like, where it differs from the default of the scene. */
  sensor?: Partial<SensorSpec>
}

/** Raised with every change of the bytes that a seed gives: folders of drives note it, so that no set is of two simulators. */
export const SIMULATOR = 1

/** Distance of the labels, µs. */
export const LABEL_EVERY_US = 50_000
const MOVING_SENSOR: SensorSpec = {
  blur: 0,
  threshold: 0.45,
  offRatio: 1,
  mismatch: 0.2,
  lagUs: 4000,
  refractoryUs: 1000,
  noiseRate: 0.15,
  noiseOn: 0.6,
  hotPixels: 4,
  hotRate: 800,
  burstShare: 0,
  burstFrom: 0,
  burstMedian: 1,
  mostRate: 0,
}
/** By day, beside a road, as in recordings with a camera at rest: less noise, no shaking lamp or lens. */
const RESTING_SENSOR: SensorSpec = { ...MOVING_SENSOR, noiseRate: 0.12, hotPixels: 1 }

/**
 * The drive of the first run: `saccade replay` without a file.
 * @example
 * for (const packet of simulate(DEFAULT_DRIVE).packets()) console.log(packet.t0, packet.length)
 */
export const DEFAULT_DRIVE: SimulateSpec = { seed: 2, durationUs: 2_500_000, scene: 'street' }

/**
 * A simulated recording; painting begins when its packets are pulled.
 * @throws SaccadeError ERR_ARGUMENT when the spec is out of range
 * @example
 * const drive = simulate({ seed: 7, durationUs: 1_000_000 })
 * let events = 0
 * for (const packet of drive.packets()) events += packet.length
 * console.log(events, drive.labels.length)
 */
export function simulate(spec: SimulateSpec): Simulation {
  return new Simulation(checked(spec))
}

/** Names of the scenes. */
export const SCENES: readonly string[] = ['street', 'mixed', 'crossing', 'hard']

type WholeSpec = Required<Omit<SimulateSpec, 'sensor'>> & { sensor: SensorSpec }

/** One simulated recording. */
export class Simulation {
  readonly geometry: Geometry
  /**
   * A label for what is to be seen of each car (class 0) and person (class 1) every 50 ms, by time, then track: added as
   * the packets are pulled. May be emptied between packets.
   */
  readonly labels: Label[] = []
  /** Simulated so far, µs: the end of the packet in hand. For progress. */
  reached = 0

  constructor(readonly spec: WholeSpec) {
    this.geometry = { width: spec.width, height: spec.height }
  }

  /** Events in packets of 2.5 or 5 ms, stamps never falling. A packet is valid until the next is pulled; it belongs to no pool. */
  *packets(): Generator<EventPacket, void> {
    const { seed, width, height, durationUs, scene: place, sensor: sensorSpec } = this.spec
    const cast = { cars: this.spec.cars, people: this.spec.people }
    this.labels.length = 0
    this.reached = 0
    const canvas = new LogCanvas(width, height)
    const scene =
      place === 'hard'
        ? makeHard(canvas, seed, { ...drawConditions(seed), ...cast })
        : makePlace(place, cast, canvas, seed)
    scene.paint(0)
    const sensor = new EventSensor(width, sensorSpec, new Random(seed, 4), canvas.level)
    for (let start = 0; start < durationUs; ) {
      // The sensor interpolates between the pictures; steps end on the labels' times, too.
      const end = Math.min(start + scene.stepUs, durationUs)
      canvas.tracking = end % LABEL_EVERY_US === 0
      scene.paint(end / 1e6)
      const packet = sensor.step(canvas.level, start, end - start)
      if (canvas.tracking) {
        this.labels.push(...visibleLabels(scene, sensor.fired, end))
        sensor.clearFired()
      }
      this.reached = end
      yield packet
      start = end
    }
  }
}

function checked(spec: SimulateSpec): WholeSpec {
  wholeNumber('seed', spec.seed, 0, 4_294_967_295)
  const resting = spec.scene === 'crossing'
  const drawn = spec.scene === 'hard' ? drawConditions(spec.seed) : undefined
  const whole = {
    durationUs: 2_000_000,
    width: 304,
    height: 240,
    scene: 'street' as const,
    cars: drawn?.cars ?? (resting ? 2 : 8),
    people: drawn?.people ?? (resting ? 1 : 4),
    ...spec,
    sensor: { ...(drawn?.sensor ?? (resting ? RESTING_SENSOR : MOVING_SENSOR)), ...spec.sensor },
  }
  const { sensor } = whole
  wholeNumber('durationUs', whole.durationUs, 1000, 600_000_000)
  wholeNumber('width', whole.width, 16, 2048)
  wholeNumber('height', whole.height, 16, 2048)
  wholeNumber('cars', whole.cars, 0, 64)
  wholeNumber('people', whole.people, 0, 64)
  if (!SCENES.includes(whole.scene)) {
    throw new SaccadeError('ERR_ARGUMENT', `there is no scene "${whole.scene}"`, SCENES.join(', '))
  }
  within('sensor.blur', sensor.blur, 0, 0.2)
  within('sensor.threshold', sensor.threshold, 0.02, 2)
  within('sensor.offRatio', sensor.offRatio, 0.2, 5)
  within('sensor.mismatch', sensor.mismatch, 0, 0.5)
  within('sensor.lagUs', sensor.lagUs, 0, 100_000)
  wholeNumber('sensor.refractoryUs', sensor.refractoryUs, 0, 100_000)
  within('sensor.noiseRate', sensor.noiseRate, 0, 50)
  within('sensor.noiseOn', sensor.noiseOn, 0, 1)
  wholeNumber('sensor.hotPixels', sensor.hotPixels, 0, 1000)
  within('sensor.hotRate', sensor.hotRate, 0, 50_000)
  within('sensor.burstShare', sensor.burstShare, 0, 1)
  within('sensor.burstFrom', sensor.burstFrom, -5, 5)
  within('sensor.burstMedian', sensor.burstMedian, 1, 100)
  within('sensor.mostRate', sensor.mostRate, 0, 1e9)
  return whole
}

function wholeNumber(name: string, value: number, from: number, to: number): void {
  within(name, value, from, to)
  if (!Number.isInteger(value)) {
    throw new SaccadeError('ERR_ARGUMENT', `${name} is ${value}, not a whole number`)
  }
}

function within(name: string, value: number, from: number, to: number): void {
  if (typeof value === 'number' && value >= from && value <= to) return
  throw new SaccadeError('ERR_ARGUMENT', `${name} is ${value}, outside ${from} to ${to}`)
}
