// Tests are compiled with the rest and run from dist/, so that what is tested is what ships.
export default {
  files: ['dist/test/**/*.test.js'],
  require: ['./dist/test/support/exit.js'],
  timeout: '120s',
  workerThreads: false,
  concurrency: 2,
  // Buffers are filled with 0xA5 when they are released: whoever reads one afterwards gets wrong numbers.
  environmentVariables: { SACCADE_POISON: '1' },
}
