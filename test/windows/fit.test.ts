import test from 'ava'
import fc from 'fast-check'
import { fitMap, pixelMaps } from '../../pipeline/windows/fit.js'
import type { WindowSpec } from '../../pipeline/windows/spec.js'

const MODEL: WindowSpec = {
  kind: 'count',
  durationUs: 50_000,
  steps: 1,
  bins: 1,
  clip: 15,
  width: 304,
  height: 240,
  channels: 2,
  timeOrder: 'oldest-first',
  scale: 1,
}

test('a sensor of the model size is mapped pixel by pixel', (t) => {
  for (const fit of ['scale', 'crop', 'none', undefined] as const) {
    const spec = { ...MODEL, fit }
    const { columns, rows } = pixelMaps(spec, { width: 304, height: 240 })
    t.deepEqual([...columns], [...Array(304).keys()])
    t.deepEqual([...rows], [...Array(240).keys()])
    t.deepEqual(fitMap(spec, { width: 304, height: 240 }), {
      offsetX: 0,
      offsetY: 0,
      factorX: 1,
      factorY: 1,
      width: 304,
      height: 240,
    })
  }
})

test('an HD sensor is scaled by its width and centred in height', (t) => {
  const sensor = { width: 1280, height: 720 }
  const { columns, rows } = pixelMaps(MODEL, sensor)
  t.deepEqual([columns[0], columns[1279], rows[0], rows[719]], [0, 303, 34, 34 + 170])
  const fit = fitMap(MODEL, sensor)
  t.deepEqual([fit.offsetX, fit.offsetY], [0, 34])
  t.is(fit.factorX, 1280 / 304)
  t.is(fit.factorY, fit.factorX)
})

test('crop looks at the middle, or puts a small sensor into the middle', (t) => {
  const large = pixelMaps({ ...MODEL, fit: 'crop' }, { width: 641, height: 480 })
  t.deepEqual(
    [large.columns[168], large.columns[169], large.columns[472], large.columns[473]],
    [-1, 0, 303, -1],
  )
  t.deepEqual(
    [large.rows[119], large.rows[120], large.rows[359], large.rows[360]],
    [-1, 0, 239, -1],
  )
  const small = pixelMaps({ ...MODEL, fit: 'crop' }, { width: 128, height: 128 })
  t.deepEqual([small.columns[0], small.rows[0]], [88, 56])
})

test('polarity-last maps boxes back as the authors do: 33 rows off, both sides by 240/253', (t) => {
  const spec: WindowSpec = {
    ...MODEL,
    kind: 'polarity-last',
    width: 320,
    height: 320,
    channels: 3,
    letterbox: { sensorWidth: 304, sensorHeight: 240, pad: 114 },
  }
  t.deepEqual(fitMap(spec, { width: 304, height: 240 }), {
    offsetX: 0,
    offsetY: 33,
    factorX: 240 / 253,
    factorY: 240 / 253,
    width: 304,
    height: 240,
  })
  const large = fitMap(spec, { width: 608, height: 480 })
  t.deepEqual([large.offsetX, large.offsetY, large.factorX], [0, 33, (240 / 253) * 2])
})

test('the way back leads into the pixel that the event came from', (t) => {
  const side = fc.integer({ min: 1, max: 400 })
  const pixel = fc.record({
    width: side,
    height: side,
    toWidth: side,
    toHeight: side,
    at: fc.nat(),
  })
  const fits = fc.constantFrom('scale' as const, 'crop' as const, 'none' as const)
  fc.assert(
    fc.property(
      pixel,
      fits,
      fc.boolean(),
      ({ width, height, toWidth, toHeight, at }, fit, half) => {
        const roi = half
          ? { x: width >> 1, y: height >> 1, width: (width + 1) >> 1, height: (height + 1) >> 1 }
          : undefined
        const spec = { ...MODEL, width: toWidth, height: toHeight, fit, roi }
        const { columns } = pixelMaps(spec, { width, height })
        const map = fitMap(spec, { width, height })
        const x = at % width
        if (columns[x] === -1) return
        // Model pixel i covers [i, i + 1); on the sensor that is [left, left + factor).
        const left = (columns[x]! - map.offsetX) * map.factorX
        t.true(
          x + 1e-9 >= left && x < left + map.factorX + 1e-9,
          `${x} not in ${left} + ${map.factorX}`,
        )
      },
    ),
    { numRuns: 500 },
  )
})
