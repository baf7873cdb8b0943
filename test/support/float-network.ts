// A small network as training leaves it: nothing of it lies on a grid.
import { integers, OnnxBuilder, unrolled } from './make-onnx.js'

/**
 * An ordinary float network: weights on no grid, a normalisation behind an Identity, two time steps. Far below 0, `offset`
 * keeps its neurons from ever firing.
 */
export function floatNetwork({ offset = 0 } = {}): Uint8Array {
  const b = new OnnxBuilder({ steps: 2 })
  b.model.functions.push(unrolled('ILIF', 2))
  const settings = { levels: { f: 4 }, decay: { f: 0.25 } }
  const stem = b.conv('frames', 'stem', [4, 2, 7, 7], (i) => Math.sin(i * i), {
    stride: 8,
    bias: false,
  })
  const same = b.add('Identity', [stem], ['same'])
  const four = (name: string, data: number[]) =>
    b.constant(name, { ...integers([4], []), dataType: 1, floatData: data })
  const norm = b.add(
    'BatchNormalization',
    [
      same,
      four('g', [1.1, 0.9, 0.4, 2]),
      four('b', [offset + 0.1, offset + 0.2, offset, offset + 0.3]),
      four('m', [0.5, 0, 0.1, 0]),
      four('v', [1, 2, 3, 4]),
    ],
    ['norm'],
    {},
    { name: 'bn' },
  )
  const head = b.conv(b.neuron(norm, 'n', settings), 'head', [10, 4, 1, 1], (i) => Math.cos(i * i))
  b.output(b.add('ReduceMean', [head], ['mean'], { axes: [0] }))
  return b.encode()
}
