// What every benchmark gives back: numbers with units, and what they were measured on.
import type { MarkdownTable } from './markdown.js'

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

/** What the command line asks of a benchmark. */
export interface BenchOptions {
  /** Less of everything: under 40 s. */
  quick: boolean
  /** Parts of the benchmark to run, all when empty. */
  only: readonly string[]
}

/** What a benchmark found. */
export interface BenchResult {
  measurements: Measurement[]
  /** For people and documents. */
  tables?: MarkdownTable[]
  /** All of it, for machines. */
  detail?: unknown
}

/** A benchmark: a name for the command line and what it measures. */
export interface Benchmark {
  name: string
  /** One line for the list. */
  about: string
  run(options: BenchOptions): Promise<BenchResult>
}
