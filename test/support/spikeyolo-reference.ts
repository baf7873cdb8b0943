// SpikeYOLO by the letter of its authors' modules, in float64, nothing merged: chains are run one operator after another
// and BNAndPad has a real border. It shares no code with the importer.
import type { StoredTensor } from './make-checkpoint.js'

/** [T][C] maps of H x W values. */
interface Maps {
  height: number
  width: number
  steps: Float64Array[][]
}

/** How the network runs. */
export interface ReferenceRun {
  tensors: ReadonlyMap<string, StoredTensor>
  variant: 'gen1' | 'coco'
  /** u8 [T, 3, H, W]. */
  frames: Uint8Array
  steps: number
  height: number
  width: number
  scale: number
}

/** Spikes by neuron name [T, C, H, W], and the head maps. */
export function referenceSpikeYolo(run: ReferenceRun) {
  const spikes = new Map<string, Uint8Array>()
  const { tensors } = run
  const tensor = (name: string) => {
    const found = tensors.get(name)
    if (found === undefined) throw new Error(`no ${name}`)
    return found
  }

  const conv = (name: string, x: Maps, stride: number, pad: number): Maps => {
    const { shape, data } = tensor(`${name}.weight`)
    const [outputs, perGroup, k] = shape as [number, number, number, number]
    const bias = tensors.get(`${name}.bias`)?.data
    const height = Math.floor((x.height + 2 * pad - k) / stride) + 1
    const width = Math.floor((x.width + 2 * pad - k) / stride) + 1
    const steps = x.steps.map((channels) =>
      Array.from({ length: outputs }, (_, o) => {
        const out = new Float64Array(height * width).fill(bias?.[o] ?? 0)
        for (let i = 0; i < perGroup; i++) {
          const map = channels[perGroup === channels.length ? i : o * perGroup + i]!
          for (let ky = 0; ky < k; ky++)
            for (let kx = 0; kx < k; kx++) {
              const w = data[((o * perGroup + i) * k + ky) * k + kx]!
              if (w === 0) continue
              for (let y = 0; y < height; y++) {
                const row = y * stride - pad + ky
                if (row < 0 || row >= x.height) continue
                for (let c = 0; c < width; c++) {
                  const column = c * stride - pad + kx
                  if (column >= 0 && column < x.width)
                    out[y * width + c]! += w * map[row * x.width + column]!
                }
              }
            }
        }
        return out
      }),
    )
    return { height, width, steps }
  }
  const affine = (name: string, c: number) => {
    const at = (part: string) => tensor(`${name}.${part}`).data[c]!
    const spread = Math.fround(at('running_var') + Math.fround(1e-3))
    const alpha = at('weight') / Math.sqrt(spread)
    return (x: number) => (x - at('running_mean')) * alpha + at('bias')
  }
  const norm = (name: string, x: Maps): Maps => {
    const steps = x.steps.map((maps) => maps.map((map, c) => map.map(affine(name, c))))
    return { ...x, steps }
  }
  const normAndPad = (name: string, x: Maps): Maps => {
    const [height, width] = [x.height + 2, x.width + 2]
    const steps = x.steps.map((maps) =>
      maps.map((map, c) => {
        const f = affine(`${name}.bn`, c)
        const out = new Float64Array(height * width).fill(f(0))
        map.forEach((value, i) => {
          out[(Math.floor(i / x.width) + 1) * width + (i % x.width) + 1] = f(value)
        })
        return out
      }),
    )
    return { height, width, steps }
  }
  const fire = (name: string, x: Maps): Maps => {
    const size = x.height * x.width
    const channels = x.steps[0]!.length
    const all = new Uint8Array(x.steps.length * channels * size)
    const out = x.steps.map((maps) => maps.map((map) => new Float64Array(map.length)))
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < size; i++) {
        let m = 0
        for (let t = 0; t < x.steps.length; t++) {
          const value = x.steps[t]![c]![i]!
          if (run.variant === 'gen1') m += (value - m) / 2
          else m = t === 0 ? value : (m - out[t - 1]![c]![i]!) * 0.25 + value
          const s = halfEven(Math.min(Math.max(m, 0), 4))
          out[t]![c]![i] = s
          all[(t * channels + c) * size + i] = s
          if (run.variant === 'gen1') m -= s
        }
      }
    spikes.set(name, all)
    return { ...x, steps: out }
  }
  const add = (a: Maps, b: Maps): Maps => ({
    ...a,
    steps: a.steps.map((maps, t) =>
      maps.map((map, c) => map.map((value, i) => value + b.steps[t]![c]![i]!)),
    ),
  })
  const concat = (...parts: Maps[]): Maps => ({
    ...parts[0]!,
    steps: parts[0]!.steps.map((_, t) => parts.flatMap((part) => part.steps[t]!)),
  })
  const upsample = (x: Maps): Maps => {
    const [height, width] = [2 * x.height, 2 * x.width]
    const grown = (map: Float64Array) =>
      Float64Array.from(
        { length: height * width },
        (_, i) => map[(Math.floor(i / width) >> 1) * x.width + ((i % width) >> 1)]!,
      )
    return { height, width, steps: x.steps.map((maps) => maps.map(grown)) }
  }
  const pool = (x: Maps): Maps => {
    const pooled = (map: Float64Array) =>
      map.map((_, i) => {
        const [row, column] = [Math.floor(i / x.width), i % x.width]
        let most = Number.NEGATIVE_INFINITY
        for (let y = Math.max(0, row - 2); y <= Math.min(x.height - 1, row + 2); y++)
          for (let c = Math.max(0, column - 2); c <= Math.min(x.width - 1, column + 2); c++)
            most = Math.max(most, map[y * x.width + c]!)
        return most
      })
    return { ...x, steps: x.steps.map((maps) => maps.map(pooled)) }
  }

  const standard = (name: string, x: Maps, kernel: number, stride = 1) =>
    norm(`${name}.bn`, conv(`${name}.conv`, fire(`${name}.lif`, x), stride, kernel >> 1))
  const sepRep = (name: string, s: Maps) => {
    const body = `${name}.body`
    return conv(`${body}.1.1`, conv(`${body}.1.0`, normAndPad(`${body}.0`, s), 1, 0), 1, 0)
  }
  const rep = (name: string, s: Maps) => {
    const body = `${name}.body`
    const bordered = normAndPad(`${body}.1`, conv(`${body}.0`, s, 1, 0))
    return norm(`${body}.2.2`, conv(`${body}.2.1`, conv(`${body}.2.0`, bordered, 1, 0), 1, 0))
  }
  const sepConv = (name: string, x: Maps) => {
    const y1 = norm(`${name}.bn1`, conv(`${name}.pwconv1`, fire(`${name}.lif1`, x), 1, 0))
    const y2 = norm(`${name}.bn2`, conv(`${name}.dwconv2`, fire(`${name}.lif2`, y1), 1, 3))
    return norm(`${name}.bn3`, sepRep(`${name}.pwconv3`, fire(`${name}.lif3`, y2)))
  }
  const block = (name: string, x0: Maps) => {
    const x = add(sepConv(`${name}.Conv`, x0), x0)
    if (tensors.has(`${name}.conv1.conv.weight`))
      return add(x, standard(`${name}.conv2`, standard(`${name}.conv1`, x, 3), 3))
    const y = norm(`${name}.bn1`, rep(`${name}.conv1`, fire(`${name}.lif1`, x)))
    return add(x, norm(`${name}.bn2`, rep(`${name}.conv2`, fire(`${name}.lif2`, y))))
  }
  const stage = (i: number, x0: Maps) => {
    if (!tensors.has(`model.${i}.0.Conv.pwconv1.weight`)) return block(`model.${i}`, x0)
    let x = x0
    for (let j = 0; tensors.has(`model.${i}.${j}.Conv.pwconv1.weight`); j++)
      x = block(`model.${i}.${j}`, x)
    return x
  }
  const down = (i: number, x: Maps) => {
    const name = `model.${i}`
    const s = i === 1 ? x : fire(`${name}.encode_lif`, x)
    return norm(
      `${name}.encode_bn`,
      i === 1 ? conv(`${name}.encode_conv`, s, 4, 2) : conv(`${name}.encode_conv`, s, 2, 1),
    )
  }

  const { height, width, frames, scale } = run
  const plane = height * width
  const input: Maps = {
    height,
    width,
    steps: Array.from({ length: run.steps }, (_, t) =>
      Array.from({ length: 3 }, (_, c) =>
        Float64Array.from(
          frames.subarray((t * 3 + c) * plane, (t * 3 + c + 1) * plane),
          (value) => value * scale,
        ),
      ),
    ),
  }
  const x2 = stage(2, down(1, input))
  const x4 = stage(4, down(3, x2))
  const x6 = stage(6, down(5, x4))
  const x8 = stage(8, down(7, x6))
  const y0 = standard('model.9.cv1', x8, 1)
  const [y1, y2, y3] = [pool(y0), pool(pool(y0)), pool(pool(pool(y0)))]
  const x9 = standard('model.9.cv2', concat(y0, y1, y2, y3), 1)
  const x10 = standard('model.10', x9, 1)
  const x12 = stage(12, upsample(x10))
  const x14 = standard('model.14', concat(x12, x6), 1)
  const x16 = stage(16, upsample(x14))
  const x19 = stage(19, standard('model.18', concat(x16, x4), 1))
  const x22 = stage(22, concat(standard('model.20', x19, 3, 2), x14))
  const x25 = stage(25, concat(standard('model.23', x22, 3, 2), x10))
  const heads = [x19, x22, x25].map((x, level) => {
    const branch = (name: string) => {
      const part = `model.26.${name}.${level}`
      const y = standard(`${part}.1`, standard(`${part}.0`, x, 3), 3)
      return conv(`${part}.2.conv`, fire(`${part}.2.lif`, y), 1, 0)
    }
    const joined = concat(branch('cv2'), branch('cv3'))
    const means = joined.steps[0]!.map((map, c) =>
      map.map((_, i) => joined.steps.reduce((sum, maps) => sum + maps[c]![i]!, 0) / run.steps),
    )
    return Float32Array.from(means.flatMap((map) => [...map]))
  })
  return { spikes, heads }
}

function halfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}
