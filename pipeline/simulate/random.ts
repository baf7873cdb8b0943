// Random numbers that are the same on every machine: 32-bit integer state, no Math.random, no Math.log.
import { exp } from './math.js'

/** The generator sfc32 (small fast counter, period above 2^64): a handful of 32-bit additions, shifts and xors. */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param stream separates independent uses of one seed, so that more noise does not move the cars */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = 0x9e3779b9 | 0
    for (let i = 0; i < 15; i++) this.bits()
  }

  /** 32 random bits as a signed integer. */
  bits(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  unit(): number {
    return (this.bits() >>> 0) / 4_294_967_296
  }

  /** Uniform in [from, to). */
  range(from: number, to: number): number {
    return from + (to - from) * this.unit()
  }

  /** Uniform integer in [0, n). */
  below(n: number): number {
    return (this.unit() * n) | 0
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  /** Nearly normal, mean 0, deviation 1, never beyond 6: the sum of twelve uniforms. */
  normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.unit()
    return sum
  }

  /** Poisson with mean 0..500, by Knuth's product of uniforms, in pieces whose exp() stays far from underflow. */
  poisson(mean: number): number {
    let count = 0
    for (let left = mean; left > 0; left -= 50) {
      const limit = exp(-Math.min(left, 50))
      for (let product = this.unit(); product > limit; product *= this.unit()) count += 1
    }
    return count
  }
}
