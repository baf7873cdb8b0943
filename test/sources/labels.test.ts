import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { type Label, LabelWriter, readLabels, writeLabels } from '../../pipeline/sources/labels.js'
import { scratch } from '../support/folder.js'
import { sharedPath, skipWithout } from '../support/shared.js'

const CAR: Label = {
  t: 59_749_999,
  x: 118,
  y: 96.5,
  w: 43,
  h: 39,
  classId: 0,
  confidence: 1,
  trackId: 2753,
}
const PERSON: Label = {
  t: 2 ** 40,
  x: -3.25,
  y: 0,
  w: 10,
  h: 20,
  classId: 1,
  confidence: 0.5,
  trackId: 4e9,
}

/** A .npy file with this header text, padded as NumPy does. */
function npy(text: string, data: Uint8Array, version = 1): Buffer {
  const start = version === 1 ? 10 : 12
  const padded = `${text.padEnd(Math.ceil((start + text.length + 1) / 64) * 64 - start - 1)}\n`
  const head = Buffer.alloc(start)
  head.write('\x93NUMPY', 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(padded.length, 8)
  else head.writeUInt32LE(padded.length, 8)
  return Buffer.concat([head, Buffer.from(padded), data])
}

function fileOf(t: Parameters<typeof scratch>[0], bytes: Uint8Array): string {
  const path = scratch(t, 'made_bbox.npy')
  writeFileSync(path, bytes)
  return path
}

test('the hand-drawn labels are read, and written back byte for byte', async (t) => {
  for (const [name, count, first] of [
    [
      'gen1/driving',
      16,
      { t: 20_560_000, x: 121, y: 91, w: 39, h: 38, classId: 0, confidence: 1, trackId: 1 },
    ],
    ['atis/car_passing', 33, undefined],
    ['composites/plain', 584, undefined],
  ] as const) {
    const path = sharedPath(
      `recordings/${name}_bbox${name.startsWith('comp') ? '' : '_handdrawn'}.npy`,
    )
    if (path === undefined) return skipWithout(t, 'no shared recordings')
    const labels = await readLabels(path)
    t.is(labels.length, count, name)
    if (first !== undefined) t.deepEqual(labels[0], first)
    const copy = scratch(t, 'copy_bbox.npy')
    await writeLabels(copy, labels)
    t.deepEqual(readFileSync(copy), readFileSync(path), name)
  }
})

test('both layouts keep every field, and the new one pads its records to 40 bytes', async (t) => {
  for (const [layout, bytes] of [
    ['gen1', 33],
    ['new', 40],
  ] as const) {
    const path = scratch(t, 'two_bbox.npy')
    await writeLabels(path, [CAR, PERSON], layout)
    t.deepEqual(await readLabels(path), [CAR, PERSON])
    const size = readFileSync(path).length
    t.is((size - 2 * bytes) % 64, 0, layout)
  }
})

test('fields are taken by name: another order, unnamed padding, big-endian, titles and other widths', async (t) => {
  const data = Buffer.alloc(46)
  data.writeDoubleBE(43, 0)
  data.writeFloatLE(39, 8)
  data.writeInt16LE(1, 15)
  data.writeUInt32LE(118, 17)
  data.writeInt8(96, 21)
  data.writeBigInt64LE(59_749_999n, 22)
  const descr =
    "[('w', '>f8'), (('height', 'h'), '<f4'), ('', '|V3'), ('class_id', '<i2'), ('x', '<u4'), ('y', '|i1'), ('t', '<i8'), ('name', '<U4')]"
  const file = npy(`{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }`, data, 2)
  t.deepEqual(await readLabels(fileOf(t, file)), [
    { t: 59_749_999, x: 118, y: 96, w: 43, h: 39, classId: 1, confidence: 1, trackId: 0 },
  ])
})

test('a dictionary with offsets is read like a list with padding', async (t) => {
  const data = Buffer.alloc(64)
  data.writeBigUInt64LE(7n, 0)
  for (const [i, value] of [1, 2, 3, 4].entries()) data.writeFloatLE(value, 8 + 4 * i)
  data.writeUInt8(1, 40)
  const text = `{"descr": {'names': ['ts', 'x', 'y', 'w', 'h', 'class_id'], 'formats': ['<u8', '<f4', '<f4', '<f4', '<f4', '|u1'],
    'offsets': [0, 8, 12, 16, 20, 40], 'itemsize': 64}, 'fortran_order': False, 'shape': (1L,)}`
  t.deepEqual(await readLabels(fileOf(t, npy(text, data))), [
    { t: 7, x: 1, y: 2, w: 3, h: 4, classId: 1, confidence: 1, trackId: 0 },
  ])
})

const DESCR =
  "[('ts', '<u8'), ('x', '<f4'), ('y', '<f4'), ('w', '<f4'), ('h', '<f4'), ('class_id', '|u1')]"
const header = (descr: string, shape: string) =>
  `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`
const bad: [name: string, file: Uint8Array, code: string, sentence: string][] = [
  [
    'another file',
    Buffer.from('PK\x03\x04 something'),
    'ERR_FORMAT',
    'is no NumPy file: its first bytes differ',
  ],
  [
    'half a magic',
    Buffer.from('\x93NUM', 'latin1'),
    'ERR_TRUNCATED',
    'ends inside its header, at byte 4',
  ],
  [
    'an unknown version',
    npy(header(DESCR, '(0,)'), Buffer.alloc(0), 4),
    'ERR_FORMAT',
    'is of NumPy format version 4; 1, 2 and 3 are known',
  ],
  [
    'a giant header',
    Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff', 'latin1'),
    'ERR_FORMAT',
    'claims a header of 4294967295 bytes',
  ],
  [
    'a cut header',
    npy(header(DESCR, '(0,)'), Buffer.alloc(0)).subarray(0, 90),
    'ERR_TRUNCATED',
    'ends inside its header, at byte 90',
  ],
  [
    'code instead of a dictionary',
    npy('__import__("os").system("true")', Buffer.alloc(0)),
    'ERR_FORMAT',
    'has a header that is no NumPy dictionary',
  ],
  [
    'deep nesting',
    npy('['.repeat(5000), Buffer.alloc(0)),
    'ERR_FORMAT',
    'has a header that is no NumPy dictionary',
  ],
  [
    'pickled objects',
    npy(header("'|O'", '(3,)'), Buffer.alloc(9)),
    'ERR_FORMAT',
    'holds Python objects (a pickle), which are not loaded',
  ],
  [
    'a pickled field',
    npy(header("[('ts', '|O8')]", '(3,)'), Buffer.alloc(24)),
    'ERR_FORMAT',
    'holds Python objects (a pickle), which are not loaded',
  ],
  [
    'plain numbers',
    npy(header("'<f8'", '(3,)'), Buffer.alloc(24)),
    'ERR_FORMAT',
    'holds plain numbers, not records with named fields',
  ],
  [
    'two axes',
    npy(header(DESCR, '(3, 2)'), Buffer.alloc(24)),
    'ERR_FORMAT',
    'is not one list of records: its shape has another number of axes',
  ],
  [
    'no classes',
    npy(
      header("[('ts', '<u8'), ('x', '<f4'), ('y', '<f4'), ('w', '<f4'), ('h', '<f4')]", '(1,)'),
      Buffer.alloc(24),
    ),
    'ERR_FORMAT',
    'has no field "class_id": it does not hold labels',
  ],
  [
    'a field beyond the record',
    npy(
      header("{'names': ['ts'], 'formats': ['<u8'], 'offsets': [4], 'itemsize': 8}", '(1,)'),
      Buffer.alloc(8),
    ),
    'ERR_FORMAT',
    'has a field that ends beyond its record',
  ],
  [
    'too few records',
    npy(header(DESCR, '(3,)'), Buffer.alloc(60)),
    'ERR_TRUNCATED',
    'holds 2 of the 3 labels that its header claims',
  ],
  [
    'too many bytes',
    npy(header(DESCR, '(2,)'), Buffer.alloc(60)),
    'ERR_FORMAT',
    'holds 10 bytes more than the 2 labels of its header',
  ],
  [
    'an absurd count',
    npy(header(DESCR, '(999999999999,)'), Buffer.alloc(60)),
    'ERR_FORMAT',
    'claims 999999999999 labels; 268435456 bytes is the limit',
  ],
  [
    'a stamp beyond 2^53',
    npy(header(DESCR, '(1,)'), Buffer.alloc(25, 255)),
    'ERR_FORMAT',
    'has no usable number in field "t" of label 0',
  ],
]

for (const [name, file, code, sentence] of bad)
  test(`${name} is refused in one sentence`, async (t) => {
    const path = fileOf(t, file)
    const error = await t.throwsAsync(readLabels(path), { code })
    t.is(error?.message, `${path} ${sentence}`)
  })

test('a damaged header is an error with a sentence, never another exception', async (t) => {
  const good = npy(header(DESCR, '(2,)'), Buffer.alloc(50))
  const path = scratch(t, 'damaged_bbox.npy')
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, byte) => {
      const damaged = Buffer.from(good)
      damaged[at] = byte
      writeFileSync(path, damaged)
      const result = await readLabels(path).catch((error: Error) => error)
      t.true(Array.isArray(result) || result.name === 'SaccadeError', String(result))
    }),
    { numRuns: 300 },
  )
})

test('a writer counts as it goes and has its final name only when it is whole', async (t) => {
  const path = scratch(t, 'drive_dt.npy')
  {
    await using writer = await LabelWriter.create(path)
    await writer.write([CAR])
    await writer.write([])
    await writer.write([PERSON, CAR])
    t.false(existsSync(path))
    await writer.close()
  }
  t.deepEqual(await readLabels(path), [CAR, PERSON, CAR])
  t.deepEqual(readdirSync(dirname(path)), ['drive_dt.npy'])
})

test('what a layout cannot hold is refused, and nothing of the file stays', async (t) => {
  const path = scratch(t, 'bad_bbox.npy')
  for (const [label, sentence] of [
    [{ ...CAR, classId: 256 }, "a label's classId of 256 does not fit the field class_id (|u1)"],
    [{ ...CAR, t: -1 }, "a label's t of -1 does not fit the field ts (<u8)"],
    [{ ...CAR, x: Number.NaN }, "a label's x of NaN does not fit the field x (<f4)"],
  ] as const) {
    const error = await t.throwsAsync(writeLabels(path, [label]), { code: 'ERR_ARGUMENT' })
    t.is(error?.message, sentence)
  }
  t.deepEqual(readdirSync(dirname(path)), [])
})
