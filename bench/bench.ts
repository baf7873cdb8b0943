// What every benchmark gives back: numbers with units, and what they were measured on.

/** One measured number. */
export interface Measurement {
  /** e.g. "decode" */
  name: string
  value: number
  /** e.g. "Mev/s", "ms", "MB" */
  unit: string
  /** How it was measured, when the name does not say. */
  note?: string
}

/** A benchmark: a name for the command line and what it measures. */
export interface Benchmark {
  name: string
  /** One line for the list. */
  about: string
  run(): Promise<Measurement[]>
}
