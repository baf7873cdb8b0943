// The network at work: a strip with a row per layer and a column per window, bright where neurons fire much.
import type { FrameHeader, Hello } from '../live/protocol.js'
import { colour, sharpen } from './dom.js'

/** Windows that the strip shows. */
const COLUMNS = 96
/** Room for names. */
const NAMES = 84
const ROW = 9
/** Below this many pixels a row has no room for its name. */
const LEAST_NAMED = 8

export class NetworkStrip {
  #layers: Hello['layers'] = []
  /** Share of what each layer could fire, 0..1; the newest column last. */
  readonly #columns: { tEnd: number; shares: number[] }[] = []
  /** The newest. */
  spikes: readonly number[] = []
  spared: number | undefined

  constructor(readonly canvas: HTMLCanvasElement) {}

  begin(layers: Hello['layers']): void {
    this.#layers = layers
    this.clear()
    this.canvas.style.height = `${Math.max(40, Math.min(layers.length * ROW, 340)) + 2}px`
  }

  clear(): void {
    this.#columns.length = 0
    this.spikes = []
    this.spared = undefined
  }

  add({ tEnd, network }: FrameHeader): void {
    this.spikes = network?.spikes ?? []
    this.spared = network?.spared
    if (network === undefined) return
    const shares = network.spikes.map((n, i) => {
      const { neurons, levels } = this.#layers[i] ?? { neurons: 1, levels: 1 }
      return n / (neurons * levels)
    })
    this.#columns.push({ tEnd, shares })
    if (this.#columns.length > COLUMNS) this.#columns.shift()
  }

  draw(): void {
    const { context, width, height } = sharpen(this.canvas)
    const rows = this.#layers.length
    if (rows === 0) return
    const tall = Math.min(ROW, (height - 2) / rows)
    const ramp = [colour('raised'), colour('some'), colour('many')]
    const column = (width - NAMES) / COLUMNS
    const start = COLUMNS - this.#columns.length
    context.font = '9px system-ui, sans-serif'
    context.textBaseline = 'middle'
    for (let row = 0; row < rows; row++) {
      const top = row * tall
      if (tall >= LEAST_NAMED) {
        context.fillStyle = colour('faint')
        context.fillText(this.#layers[row]!.name, 0, top + tall / 2, NAMES - 8)
      }
      context.fillStyle = ramp[0]!
      context.fillRect(NAMES, top, width - NAMES, tall - 1)
      for (const [i, { shares }] of this.#columns.entries()) {
        context.fillStyle = mix(ramp, shares[row] ?? 0)
        const left = NAMES + (start + i) * column
        context.fillRect(left, top, column + 0.5, tall - 1)
      }
    }
  }

  /** Lines of the table: name, spikes of the newest window, spikes per neuron. */
  table(): string[][] {
    return this.#layers.map(({ name, neurons }, i) => {
      const n = this.spikes[i]
      return n === undefined ? [name, '–', '–'] : [name, String(n), (n / neurons).toFixed(3)]
    })
  }
}

/** Most layers fire at a few per cent of what they can: the scale is a root, and a quarter is as bright as it gets. */
function mix([ground, middle, top]: string[], share: number): string {
  const level = Math.sqrt(Math.min(1, Math.max(0, 4 * share)))
  return level < 0.6
    ? `color-mix(in oklab, ${middle} ${Math.round((level / 0.6) * 100)}%, ${ground})`
    : `color-mix(in oklab, ${top} ${Math.round(((level - 0.6) / 0.4) * 100)}%, ${middle})`
}
