// State dicts of SpikeYOLO networks of any width, depth and number of classes, with weights on which float arithmetic is
// exact: small integers times powers of two, and normalisations whose var + eps is a power of four in float32.
import type { StoredTensor } from './make-checkpoint.js'

/** What varies. Channels are those after rows 1, 3, 5, 7. */
export interface SpikeYoloWish {
  seed: number
  channels: [number, number, number, number]
  /** Blocks in rows 2, 4, 6, 8. */
  repeats: [number, number, number, number]
  classes: number
  /** Ratio of ConvBlocks and of AllConvBlocks. */
  ratio: number
  /** Channels after row 9 (SPPF) and after rows 10 and 14. */
  neck: [number, number, number]
  /** Inner channels of the head's branches. */
  head: [number, number]
}

/** The state dict. */
export function makeSpikeYolo(wish: SpikeYoloWish): Map<string, StoredTensor> {
  const { channels, repeats, ratio, neck, classes, head } = wish
  const tensors = new Map<string, StoredTensor>()
  const random = generator(wish.seed)
  const put = (name: string, shape: number[], value: (i: number) => number) => {
    const size = shape.reduce((a, b) => a * b, 1)
    tensors.set(name, { shape, data: Float32Array.from({ length: size }, (_, i) => value(i)) })
  }
  const pick = (...values: number[]) => values[Math.floor(random() * values.length)]!

  const conv = (name: string, shape: number[], bias = false) => {
    const fan = shape[1]! * shape[2]! * shape[3]!
    const share = Math.min(1, 24 / fan)
    const unit = fan < 10 ? 1 / 4 : 1 / 16
    put(`${name}.weight`, shape, () => (random() < share ? Math.round(random() * 6 - 3) * unit : 0))
    if (bias) put(`${name}.bias`, [shape[0]!], () => Math.round(random() * 16 - 8) / 16)
  }
  const norm = (name: string, size: number) => {
    const spread = pick(0.25, 1, 4)
    put(`${name}.weight`, [size], () => pick(1, 1.5, 0.75, 2, -1) * Math.sqrt(spread))
    put(`${name}.bias`, [size], () => Math.round(random() * 16 - 4) / 16)
    put(`${name}.running_mean`, [size], () => Math.round(random() * 8 - 4) / 8)
    put(`${name}.running_var`, [size], () => varianceFor(spread))
    put(`${name}.num_batches_tracked`, [], () => 7)
  }
  const standard = (name: string, from: number, to: number, kernel: number) => {
    conv(`${name}.conv`, [to, from, kernel, kernel])
    norm(`${name}.bn`, to)
  }
  const down = (i: number, from: number, to: number, kernel: number) => {
    conv(`model.${i}.encode_conv`, [to, from, kernel, kernel], true)
    norm(`model.${i}.encode_bn`, to)
  }
  const sepConv = (name: string, size: number) => {
    conv(`${name}.pwconv1`, [2 * size, size, 1, 1])
    conv(`${name}.dwconv2`, [2 * size, 1, 7, 7])
    norm(`${name}.pwconv3.body.0.bn`, 2 * size)
    conv(`${name}.pwconv3.body.1.0`, [size, 2 * size, 1, 1])
    conv(`${name}.pwconv3.body.1.1`, [size, 1, 3, 3])
    norm(`${name}.bn1`, 2 * size)
    norm(`${name}.bn2`, 2 * size)
    norm(`${name}.bn3`, size)
  }
  const rep = (name: string, from: number, to: number) => {
    conv(`${name}.body.0`, [from, from, 1, 1])
    norm(`${name}.body.1.bn`, from)
    conv(`${name}.body.2.0`, [from, 1, 3, 3])
    conv(`${name}.body.2.1`, [to, from, 1, 1])
    norm(`${name}.body.2.2`, to)
  }
  const block = (name: string, size: number, all: boolean) => {
    sepConv(`${name}.Conv`, size)
    if (all) {
      standard(`${name}.conv1`, size, ratio * size, 3)
      standard(`${name}.conv2`, ratio * size, size, 3)
      return
    }
    rep(`${name}.conv1`, size, ratio * size)
    norm(`${name}.bn1`, ratio * size)
    rep(`${name}.conv2`, ratio * size, size)
    norm(`${name}.bn2`, size)
  }
  const stage = (i: number, size: number, all: boolean, count = 1) => {
    for (let j = 0; j < count; j++) block(count === 1 ? `model.${i}` : `model.${i}.${j}`, size, all)
  }

  const [c1, c3, c5, c7] = channels
  const [c9, c10, c14] = neck
  down(1, 3, c1, 7)
  stage(2, c1, true, repeats[0])
  down(3, c1, c3, 3)
  stage(4, c3, true, repeats[1])
  down(5, c3, c5, 3)
  stage(6, c5, false, repeats[2])
  down(7, c5, c7, 3)
  stage(8, c7, false, repeats[3])
  standard('model.9.cv1', c7, c7 / 2, 1)
  standard('model.9.cv2', 2 * c7, c9, 1)
  standard('model.10', c9, c10, 1)
  stage(12, c10, false)
  standard('model.14', c10 + c5, c14, 1)
  stage(16, c14, true)
  standard('model.18', c14 + c3, c14, 1)
  stage(19, c14, true)
  standard('model.20', c14, c14, 3)
  stage(22, 2 * c14, false)
  standard('model.23', 2 * c14, c10, 3)
  stage(25, 2 * c10, false)
  for (const [branch, inner, outputs] of [
    ['cv2', head[0], 64],
    ['cv3', head[1], classes],
  ] as const)
    for (const [level, from] of [c14, 2 * c14, 2 * c10].entries()) {
      const name = `model.26.${branch}.${level}`
      standard(`${name}.0`, from, inner, 3)
      standard(`${name}.1`, inner, inner, 3)
      conv(`${name}.2.conv`, [outputs, inner, 1, 1], true)
    }
  put('model.26.dfl.conv.weight', [1, 16, 1, 1], (i) => i)
  return tensors
}

/** A float32 whose sum with float32(0.001) is `spread` after rounding. */
function varianceFor(spread: number): number {
  const epsilon = Math.fround(1e-3)
  const variance = Math.fround(spread - epsilon)
  if (Math.fround(variance + epsilon) !== spread) throw new Error(`no variance gives ${spread}`)
  return variance
}

/** A linear congruential generator, 0 <= x < 1. */
function generator(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
