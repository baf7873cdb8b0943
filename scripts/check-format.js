// Checks C++ formatting with clang-format where it is installed; says so where it is not.
import { spawnSync } from 'node:child_process'

const files = spawnSync('git', ['ls-files', 'native', 'robot'], { encoding: 'utf8' })
  .stdout.split('\n')
  .filter((name) => /\.(cc|h)$/.test(name))
const tool = spawnSync('clang-format', ['--version'])
if (tool.error || files.length === 0) {
  console.log('clang-format is not installed: the C++ format was not checked')
} else {
  const run = spawnSync('clang-format', ['--dry-run', '--Werror', ...files], { stdio: 'inherit' })
  process.exit(run.status ?? 1)
}
