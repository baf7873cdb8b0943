import test from 'ava'
import fc from 'fast-check'
import { encodePlan } from '../../models/compile/spike-file.js'
import { readPlan } from '../../pipeline/detect/plan-file.js'
import { SaccadeError } from '../../pipeline/errors.js'
import { PlanBuilder, Random, randomPlan } from '../support/make-plan.js'

const bytes = encodePlan(randomPlan({ seed: 3, steps: 2 }))

// biome-ignore lint/suspicious/noExplicitAny: a hostile header may hold anything
type Json = any

/** The file with its header's JSON and its graph changed. */
function changed(change: (graph: Json, header: Json) => void): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString()) as Json
  const graph = JSON.parse(header.__metadata__['saccade.plan'])
  change(graph, header)
  if (header.__metadata__ !== undefined) header.__metadata__['saccade.plan'] = JSON.stringify(graph)
  const json = Buffer.from(JSON.stringify(header))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([size, json, bytes.subarray(8 + length)])
}

const op = (graph: Json, name: string) => graph.ops.find((o: Json) => o.op === name)

const refusals: [string, (graph: Json, header: Json) => void, RegExp][] = [
  [
    'an unknown version',
    (g) => {
      g.version = 2
    },
    /^m\.spike: it is a plan of version 2; this saccade reads version 1$/,
  ],
  ['no version', (g) => delete g.version, /a plan of version none/],
  ['no graph', (_, h) => delete h.__metadata__, /is no plan: its metadata have no "saccade\.plan"/],
  [
    'an unknown key',
    (g) => {
      g.turbo = true
    },
    /saccade\.plan: Unrecognized key: "turbo"/,
  ],
  [
    'an unknown operator',
    (g) => {
      g.ops[0].op = 'fft'
    },
    /saccade\.plan\.ops\.0/,
  ],
  [
    'a huge channel count',
    (g) => {
      g.tensors[1].channels = 1e9
    },
    /saccade\.plan\.tensors\.1\.channels/,
  ],
  [
    'a wrong shape',
    (g) => {
      g.tensors[1].width += 1
    },
    /conv "conv0" makes \[T, \d+, 6, 11\]; from its input follows/,
  ],
  ['tensors in another order', (g) => g.tensors.reverse(), /needs I8/],
  [
    'a cycle',
    (g) => {
      g.ops[1].input = g.tensors.length - 1
    },
    /reads tensor \d+ before it is made|which is/,
  ],
  [
    'a tensor that is not there',
    (g) => {
      g.ops[1].input = 99_999
    },
    /neuron "n1" names tensor 99999/,
  ],
  [
    'a tensor made twice',
    (g) => {
      g.ops[1].output = g.ops[0].output
    },
    /makes tensor 1 a second time/,
  ],
  [
    'two operators of one name',
    (g) => {
      g.ops[1].name = g.ops[0].name
    },
    /two operators are named "conv0"/,
  ],
  [
    'an f32 operator on spikes',
    (g) => {
      op(g, 'maxpool').input = 2
    },
    /maxpool "pool\d+" reads "t2", which is spike, not real/,
  ],
  [
    'a neuron that makes real values',
    (g) => {
      g.tensors[2].kind = 'real'
    },
    /neuron "n1" makes "t2", which is real, not spike/,
  ],
  [
    'no input',
    (g) => {
      g.tensors[0].kind = 'real'
    },
    /has 0 input tensors/,
  ],
  [
    'a pool that pads by its kernel',
    (g) => {
      op(g, 'maxpool').pad = [5, 5, 0, 0]
    },
    /maxpool "pool\d+" makes|pads by as much/,
  ],
  [
    'an output of integers',
    (g) => {
      g.outputs[0] = 2
    },
    /output 0 is tensor 2/,
  ],
  ['outputs without strides', (g) => g.outputs.pop(), /has 1 outputs for 2 strides/],
  [
    'a window of another size',
    (g) => {
      g.window.width = 44
    },
    /input tensor is not of the size of the window/,
  ],
  [
    'bins that do not fit its channels',
    (g) => {
      g.window.bins = 4
    },
    /has 4 channels, not 2/,
  ],
  [
    'groups that do not divide',
    (g) => {
      g.ops[0].groups = 7
    },
    /needs I8|groups/,
  ],
  [
    'missing weights',
    (_, h) => delete h['conv0.bias'],
    /starts at byte \d+ of the data, not at \d+/,
  ],
  [
    'weights of another type',
    (_, h) => {
      h['conv0.weight'].dtype = 'I16'
    },
    /"conv0\.weight" is I16 \[.*\], \d+ bytes, but spans \d+/,
  ],
  [
    'an unknown type',
    (_, h) => {
      h['conv0.weight'].dtype = 'F8'
    },
    /"conv0\.weight"\.dtype/,
  ],
  [
    'a tensor out of the file',
    (_, h) => {
      h['conv0.weight'].data_offsets[1] += 1e6
    },
    /but spans/,
  ],
  [
    'overlapping tensors',
    (_, h) => {
      h['conv0.bias'].data_offsets = h['conv0.scale'].data_offsets
    },
    /starts at byte \d+ of the data, not at \d+/,
  ],
  [
    'weights of no operator',
    (_, h) => {
      const end = Math.max(...Object.values<Json>(h).map((e) => e.data_offsets?.[1] ?? 0))
      h.more = { dtype: 'I8', shape: [1], data_offsets: [end, end + 1] }
    },
    /holds \d+ bytes of numbers where its header says/,
  ],
]

for (const [what, change, sentence] of refusals)
  test(`a plan with ${what} is refused with a sentence`, (t) => {
    t.throws(() => readPlan(changed(change), 'm.spike'), {
      instanceOf: SaccadeError,
      code: 'ERR_MODEL',
      message: sentence,
    })
  })

test('a plan whose sums could leave int32 is refused, whatever its file claims', (t) => {
  // 6 x 7 x 7 taps of 32767 times counts of 255 are 2.46e9; of 127, 1.2e9.
  const build = (clip: number) => {
    const window = { ...randomPlan({ seed: 1 }).window, bins: 3, channels: 6, clip }
    const b = new PlanBuilder(new Random(1), window)
    const conv = b.conv(0, 5, { kernel: [7, 7], stride: [4, 4], bits: 16 })
    b.weights.get('conv0.weight')!.fill(32_767)
    return b.finish([conv], { type: 'dfl', regMax: 1, strides: [4], classes: ['car'] })
  }
  t.notThrows(() => build(127))
  t.throws(() => build(255), {
    code: 'ERR_MODEL',
    message: 'conv "conv0" can sum up to 2456541990, which leaves int32',
  })
})

test('files that are no plans are refused: empty, text, an ONNX model, cut off anywhere, too long', (t) => {
  const files = [
    new Uint8Array(),
    Buffer.from('hello, this is text\n'),
    Uint8Array.of(8, 8, 18, 13, 115, 97, 99, 99, 97, 100, 101),
    new Uint8Array(64),
    Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from('[]')]),
    ...Array.from({ length: 40 }, (_, i) => bytes.subarray(0, Math.floor((bytes.length * i) / 40))),
    Buffer.concat([bytes, Buffer.alloc(1)]),
  ]
  for (const file of files)
    t.throws(() => readPlan(file, 'm.spike'), { code: 'ERR_MODEL', message: /^m\.spike: / })
})

test('random and damaged bytes never give anything but a plan or a sentence', (t) => {
  const tryBytes = (file: Uint8Array) => {
    try {
      readPlan(file, 'm.spike')
    } catch (error) {
      if (!(error instanceof SaccadeError)) throw error
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), tryBytes), { numRuns: 300 })
  const header = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const change = fc.tuple(fc.nat(header + 7), fc.nat(255))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const file = bytes.slice()
      for (const [at, value] of changes) file[at] = value
      tryBytes(file)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})
