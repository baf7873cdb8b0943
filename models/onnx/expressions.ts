// Symbolic arithmetic on one element of a tensor, for comparing the body of a neuron with the canonical one. Equal
// expressions get equal numbers. Only rules that hold bit for bit in f32 are used (on finite values, -0 counting as 0):
// a - a = 0, a * 0 = 0, a + 0 = a, sums and products commute, and dividing by a power of two is multiplying.

/** Number of an expression in its table. */
export type Expression = number

/** A table of expressions. */
export class Expressions {
  readonly #ids = new Map<string, Expression>()
  readonly #numbers = new Map<Expression, number>()

  #id(key: string): Expression {
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.#ids.size
      this.#ids.set(key, id)
    }
    return id
  }

  /** The input's element at time step t. */
  input(t: number): Expression {
    return this.#id(`x${t}`)
  }

  number(value: number): Expression {
    const f32 = Math.fround(value) + 0 // -0 becomes 0
    const id = this.#id(`= ${f32}`)
    this.#numbers.set(id, f32)
    return id
  }

  /** The value of a constant expression. */
  valueOf(e: Expression): number | undefined {
    return this.#numbers.get(e)
  }

  add(a: Expression, b: Expression): Expression {
    const [x, y] = [this.valueOf(a), this.valueOf(b)]
    if (x !== undefined && y !== undefined) return this.number(x + y)
    if (x === 0) return b
    if (y === 0) return a
    return this.#id(`+ ${Math.min(a, b)} ${Math.max(a, b)}`)
  }

  subtract(a: Expression, b: Expression): Expression {
    const [x, y] = [this.valueOf(a), this.valueOf(b)]
    if (a === b) return this.number(0)
    if (x !== undefined && y !== undefined) return this.number(x - y)
    if (y === 0) return a
    return this.#id(`- ${a} ${b}`)
  }

  multiply(a: Expression, b: Expression): Expression {
    const [x, y] = [this.valueOf(a), this.valueOf(b)]
    if (x !== undefined && y !== undefined) return this.number(x * y)
    if (x === 0 || y === 0) return this.number(0)
    if (x === 1) return b
    if (y === 1) return a
    return this.#id(`* ${Math.min(a, b)} ${Math.max(a, b)}`)
  }

  divide(a: Expression, b: Expression): Expression {
    const [x, y] = [this.valueOf(a), this.valueOf(b)]
    if (x !== undefined && y !== undefined && y !== 0) return this.number(x / y)
    if (y !== undefined && y > 0 && Number.isInteger(Math.log2(y)))
      return this.multiply(a, this.number(1 / y))
    return this.#id(`/ ${a} ${b}`)
  }

  clip(a: Expression, low: number, high: number): Expression {
    return this.#id(`clip ${a} ${Math.fround(low) + 0} ${Math.fround(high)}`)
  }

  /** Half to even. */
  round(a: Expression): Expression {
    return this.#id(`round ${a}`)
  }
}
