// Counts at every hand-over: in = out + dropped + held, checked at the end of a run. Plain numbers, no allocation.
import { SaccadeError } from '../errors.js'

/** What one stage saw, in its own unit. Dropped counts carry their cause as key. */
export interface StageCounts {
  readonly name: string
  readonly unit: 'events' | 'windows' | 'sets' | 'triggers' | 'copies'
  in: number
  out: number
  /** Items kept inside just now (a half-filled window, a set that waits for its sink). */
  held: number
  /** Time spent in it, where that is measured. */
  busyMs?: number
  readonly dropped: Record<string, number>
}

/**
 * The accounts of one run.
 * @example
 * const ledger = new Ledger()
 * const stage = ledger.stage('detect', 'windows')
 * stage.in += 1; stage.out += 1
 * ledger.check()
 */
export class Ledger {
  readonly #stages = new Map<string, StageCounts>()

  /** The counts of a stage, made on first use. */
  stage(name: string, unit: StageCounts['unit']): StageCounts {
    let counts = this.#stages.get(name)
    if (counts === undefined) {
      counts = { name, unit, in: 0, out: 0, held: 0, dropped: {} }
      this.#stages.set(name, counts)
    }
    return counts
  }

  /** All stages in the order they were made. */
  get stages(): StageCounts[] {
    return [...this.#stages.values()]
  }

  /** Stages whose counts do not balance, as sentences; empty when all is well. */
  imbalances(): string[] {
    return this.stages
      .filter((s) => s.in !== s.out + totalDropped(s) + s.held)
      .map(
        (s) =>
          `${s.name}: ${s.in} ${s.unit} in, ${s.out} out, ${totalDropped(s)} dropped, ${s.held} held`,
      )
  }

  /** Throws ERR_LEDGER when a stage does not balance. */
  check(): void {
    const wrong = this.imbalances()
    if (wrong.length > 0)
      throw new SaccadeError('ERR_LEDGER', `the ledger does not balance: ${wrong.join('; ')}`)
  }
}

/** Adds n to a cause. */
export function drop(stage: StageCounts, cause: string, n = 1): void {
  stage.dropped[cause] = (stage.dropped[cause] ?? 0) + n
}

/** Sum over all causes. */
export function totalDropped(stage: StageCounts): number {
  let sum = 0
  for (const cause in stage.dropped) sum += stage.dropped[cause]!
  return sum
}
