// Tests are compiled with the rest and run from dist/, so that what is tested is what ships.

// The longest first, 95, 83 and 35 s: begun last they would leave one of two cores idle.
const LONGEST = [
  'kernels/kernels.test.js',
  'trace/vectors.test.js',
  'calibration/authors-network.test.js',
]
const rank = (file) =>
  (LONGEST.findIndex((name) => file.endsWith(name)) + LONGEST.length + 1) % (LONGEST.length + 1)

export default {
  sortTestFiles: (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1),
  files: ['dist/test/**/*.test.js'],
  require: ['./dist/test/support/exit.js'],
  timeout: '120s',
  workerThreads: false,
  concurrency: 2,
  // Buffers are filled with 0xA5 when they are released: whoever reads one afterwards gets wrong numbers.
  environmentVariables: { SACCADE_POISON: '1' },
}
