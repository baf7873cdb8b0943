// Checks the C++ that `npm test` does not build: that the programs of test/native still compile, and, where
// clang-format is installed, how all of it is laid out.
import { spawnSync } from 'node:child_process'

const sources = (...folders) =>
  spawnSync('git', ['ls-files', ...folders], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((name) => /\.(cc|h)$/.test(name))

const run = (tool, ...options) => spawnSync(tool, options, { stdio: 'inherit' }).status ?? 1

const has = (tool) => {
  if (!spawnSync(tool, ['--version']).error) return true
  console.log(`${tool} is not installed: the C++ was not checked with it`)
  return false
}

let failed = 0
const programs = sources('test/native').filter((name) => name.endsWith('.cc'))
if (has('g++')) {
  failed += run('g++', '-std=c++20', '-fsyntax-only', '-w', '-Inative', ...programs)
}
if (has('clang-format')) {
  failed += run(
    'clang-format',
    '--dry-run',
    '--Werror',
    ...sources('native', 'robot', 'test/native'),
  )
}
process.exit(failed ? 1 : 0)
