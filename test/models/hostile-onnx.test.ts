import test from 'ava'
import fc from 'fast-check'
import { compile } from '../../models/compile/compile.js'
import type { FunctionProto } from '../../models/onnx/proto.js'
import { SaccadeError } from '../../pipeline/errors.js'
import {
  clipRound,
  floats,
  integers,
  node,
  type OnnxBuilder,
  tinyModel,
  unrolled,
} from '../support/make-onnx.js'

const compileBytes = (bytes: Uint8Array) => compile(bytes, { file: 'm.onnx', name: 'm' })

/** A change to the tiny model, and the sentence that refuses it. */
const refusals: [string, (b: OnnxBuilder) => void, RegExp][] = [
  [
    'an opset before 17',
    (b) => {
      b.model.opsetImport[0]!.version = 13
    },
    /^m\.onnx: it is written for opset 13; 17 or later is needed$/,
  ],
  [
    'a later version of the neurons',
    (b) => {
      b.model.opsetImport[1]!.version = 2
    },
    /uses version 2 of the saccade neurons/,
  ],
  [
    'no graph',
    (b) => {
      b.model.graph = undefined
    },
    /holds no graph/,
  ],
  ['no metadata', (b) => void delete b.metadata['saccade.format'], /has no saccade\.format/],
  [
    'another format',
    (b) => {
      b.metadata['saccade.format'] = '2'
    },
    /saccade\.format is "2"; this version knows "1"/,
  ],
  [
    'metadata that are not JSON',
    (b) => {
      b.metadata['saccade.head'] = '{'
    },
    /saccade\.head is not JSON/,
  ],
  [
    'a misspelt key',
    (b) => edit(b, 'saccade.input', { time_order: 'newest-first' }),
    /saccade\.input: Unrecognized key: "time_order"/,
  ],
  [
    'channels that do not fit the bins',
    (b) => edit(b, 'saccade.input', { bins: 5 }),
    /window of 5 bins in 1 steps has 10 channels, not 2/,
  ],
  [
    'channels in another order',
    (b) => edit(b, 'saccade.input', { channels: ['t0p', 't0n'] }),
    /channels are t0p, t0n; frames have them as t0n, t0p/,
  ],
  [
    'an input of another size',
    (b) => edit(b, 'saccade.input', { width: 32 }),
    /"frames" is declared as \[1, 2, 16, 24\] of type 1; the metadata say float \[1, 2, 16, 32\]/,
  ],
  [
    'strides without outputs',
    (b) => edit(b, 'saccade.head', { strides: [8, 16] }),
    /has 1 outputs for 2 strides/,
  ],
  [
    'a stride that does not fit',
    (b) => edit(b, 'saccade.head', { strides: [4] }),
    /is 3 x 2, which is not 24 x 16 at stride 4/,
  ],
  [
    'too few channels in the head',
    (b) => edit(b, 'saccade.head', { classes: ['car'] }),
    /has 10 channels; 4 x 2 bins and 1 classes are 9/,
  ],
  [
    'external data',
    (b) => {
      b.graph.initializer[0]!.dataLocation = 1
    },
    /"stem\.w" are in another file \(external data\)/,
  ],
  [
    'huge dims',
    (b) => {
      b.graph.initializer[0]!.dims = [2 ** 40, 2 ** 40]
    },
    /"stem\.w" claims dims .* but holds 392/,
  ],
  [
    'negative dims',
    (b) => {
      b.graph.initializer[0]!.dims = [-4, 2, 7, 7]
    },
    /"stem\.w" has impossible dims/,
  ],
  [
    'half a float',
    (b) => {
      b.graph.initializer[0]!.rawData = new Uint8Array(5)
    },
    /5 bytes, which are not whole floats/,
  ],
  [
    'weights that are not numbers',
    (b) => {
      b.graph.initializer[1]!.rawData = new Uint8Array(16).fill(255)
    },
    /"stem\.b" holds NaN or infinity/,
  ],
  [
    'weights of another type',
    (b) => {
      b.graph.initializer[0]!.dataType = 10
    },
    /"stem\.w" has data type 10/,
  ],
  [
    'a missing initializer',
    (b) => void b.graph.initializer.splice(0, 1),
    /Conv "stem" needs the constant "stem\.w", which is no initializer/,
  ],
  [
    'two initializers of one name',
    (b) => void b.graph.initializer.push(b.graph.initializer[0]!),
    /two initializers named "stem\.w"/,
  ],
  [
    'a cycle',
    (b) => {
      b.graph.node[0]!.input[0] = 'head:out'
    },
    /Conv "stem" reads "head:out" before any node makes it .*cycle/,
  ],
  [
    'two nodes of one name',
    (b) => {
      b.graph.node[2]!.name = 'stem'
    },
    /two nodes are named "stem"/,
  ],
  [
    'a value made twice',
    (b) => {
      b.graph.node[2]!.output = ['n:s']
    },
    /"n:s" is made twice/,
  ],
  [
    'an output that nothing makes',
    (b) => {
      b.graph.output[0]!.name = 'other'
    },
    /no node makes the output "other"/,
  ],
  [
    'two inputs',
    (b) => void b.graph.input.push({ name: 'more' }),
    /has 2 inputs; one, the frames, is expected/,
  ],
  [
    'an unknown operator',
    (b) => {
      b.graph.node[1] = node('Softmax', ['stem:out'], ['n:s'])
    },
    /Softmax "n:s" is not supported; a plan can hold Conv, /,
  ],
  [
    'an operator of another domain',
    (b) => {
      b.graph.node[1]!.domain = 'com.microsoft'
    },
    /ILIF "n" of com\.microsoft is not supported/,
  ],
  [
    'an unknown neuron',
    (b) => {
      b.graph.node[1]!.opType = 'PLIF'
    },
    /PLIF "n" is not a neuron that saccade knows/,
  ],
  [
    'dilations',
    (b) => attribute(b, 'dilations', [2, 2]),
    /Conv "stem": dilations = \[2, 2\] is not supported/,
  ],
  [
    'automatic padding',
    (b) => attribute(b, 'auto_pad', 'SAME_UPPER'),
    /auto_pad = SAME_UPPER is not supported, only NOTSET/,
  ],
  ['an unknown attribute', (b) => attribute(b, 'magic', 1), /Conv "stem" has attribute "magic"/],
  ['a huge stride', (b) => stride(b, 1e6), /strides = \[1000000, 1000000\]/],
  [
    'groups that do not divide',
    (b) => attribute(b, 'group', 3),
    /in 3 groups|attribute "group" twice/,
  ],
  [
    'a neuron without a body',
    (b) => {
      b.model.functions = []
    },
    /ILIF "n" has no function body/,
  ],
  [
    'a body with other levels',
    (b) => {
      b.model.functions = [clipRound(8)]
    },
    /the body of ILIF \(called by "n"\) is not the neuron of that name: step 0 of 1 is computed otherwise/,
  ],
  [
    'a body for another number of steps',
    (b) => {
      b.model.functions = [withoutSettings(unrolled('ILIF', 2))]
    },
    /is not the neuron of that name: Add "m1" combines 1 with 0 steps/,
  ],
  [
    'a body that calls something else',
    (b) => {
      b.model.functions[0]!.node[3]!.opType = 'Floor'
    },
    /is not the neuron of that name: it uses Floor "S"/,
  ],
  ['a body that rounds before it clips', swapped, /is not the neuron of that name: step 0/],
  ['a body that subtracts a constant too much', doubled, /is not the neuron of that name: step 0/],
  [
    'levels beyond u8',
    (b) => {
      b.graph.node[1]!.attribute = node('', [], [''], { levels: { f: 300 } }).attribute
    },
    /levels = 300/,
  ],
  ['sparse weights', (b) => void b.graph.sparseInitializer.push({}), /sparse initializers/],
]

for (const [what, change, sentence] of refusals)
  test(`an ONNX file with ${what} is refused with a sentence`, (t) => {
    const b = tinyModel()
    change(b)
    t.throws(() => compileBytes(b.encode()), {
      instanceOf: SaccadeError,
      code: 'ERR_MODEL',
      message: sentence,
    })
  })

/** The same body with its settings written into it. */
function withoutSettings(body: FunctionProto): FunctionProto {
  const fixed = (name: string, value: number) =>
    node('Constant', [], [name], { value_float: { f: value } })
  return {
    ...body,
    attribute: [],
    node: [body.node[0]!, fixed('high', 4), fixed('k', 0.25), ...body.node.slice(3)],
  }
}

function edit(b: OnnxBuilder, key: string, change: object): void {
  b.metadata[key] = JSON.stringify({ ...JSON.parse(b.metadata[key]!), ...change })
}

function attribute(b: OnnxBuilder, name: string, value: number | string | number[]): void {
  const attributes = b.graph.node[0]!.attribute
  const at = attributes.findIndex((a) => a.name === name)
  attributes.splice(
    at < 0 ? attributes.length : at,
    at < 0 ? 0 : 1,
    ...node('', [], [''], { [name]: value }).attribute,
  )
}

function stride(b: OnnxBuilder, value: number): void {
  attribute(b, 'strides', [value, value])
}

function swapped(b: OnnxBuilder): void {
  const nodes = b.model.functions[0]!.node
  nodes[3] = node('Clip', ['c', 'low', 'high'], ['S'])
  nodes[2] = node('Round', ['X'], ['c'])
}

function doubled(b: OnnxBuilder): void {
  const nodes = b.model.functions[0]!.node
  nodes.splice(
    2,
    0,
    node('Constant', [], ['half'], { value: floats([], [0.5]) }),
    node('Sub', ['X', 'half'], ['x']),
  )
  nodes[4]!.input[0] = 'x'
}

test('a tensor too large for any memory is refused before it is made', (t) => {
  const b = tinyModel()
  const sizes = b.constant('sizes', integers([4], [1, 10, 128, 192]))
  let x = 'head:out'
  for (let i = 0; i < 3; i++) {
    x = b.add('Resize', [x, '', b.constant(`f${i}`, floats([4], [1, 1, 64, 64]))], [`up${i}`], {
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    })
  }
  t.truthy(sizes)
  t.throws(() => compileBytes(b.encode()), {
    message: /Resize "up1" makes a tensor .*, which is too large/,
  })
})

test('files that are no ONNX models are refused: empty, text, a picture, zeros, cut off anywhere', (t) => {
  const whole = tinyModel().encode()
  const files = [
    new Uint8Array(),
    Buffer.from('hello, this is text\n'),
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13),
    new Uint8Array(1000),
    ...Array.from({ length: 60 }, (_, i) => whole.subarray(0, Math.floor((whole.length * i) / 60))),
  ]
  for (const bytes of files)
    t.throws(() => compileBytes(bytes), { code: 'ERR_MODEL', message: /^m\.onnx: / })
})

test('random and damaged bytes never give anything but a model or a sentence', (t) => {
  const whole = tinyModel().encode()
  const tryBytes = (bytes: Uint8Array) => {
    try {
      compileBytes(bytes)
    } catch (error) {
      if (!(error instanceof SaccadeError)) throw error
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), tryBytes), { numRuns: 300 })
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255))
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = whole.slice()
      for (const [at, value] of changes) bytes[at] = value
      tryBytes(bytes)
    }),
    { numRuns: 1500 },
  )
  t.pass()
})
