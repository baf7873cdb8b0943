// Compiles the addon when no binary fits and nothing newer exists. `npm ci` runs it, `npx` in a clone may run it again,
// so it compares times first: a second run takes milliseconds. `--build` (npm run build) compiles whenever a source is newer.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const binary = join(root, 'build', 'Release', 'saccade.node')
const require = createRequire(import.meta.url)

function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

function upToDate() {
  if (!existsSync(binary)) return false
  const built = statSync(binary).mtimeMs
  return ['binding.gyp', 'native'].every((name) => newest(join(root, name)) <= built)
}

const prebuilt = join(root, 'prebuilds', `${process.platform}-${process.arch}`)
if (!process.argv.includes('--build') && existsSync(prebuilt)) process.exit(0)
if (upToDate()) process.exit(0)

// Headers beside the running node spare node-gyp a download; where there are none it fetches those of this version.
const prefix = dirname(dirname(process.execPath))
const nodedir = existsSync(join(prefix, 'include', 'node', 'node_api.h'))
  ? [`--nodedir=${prefix}`]
  : []
const gyp = require.resolve('node-gyp/bin/node-gyp.js')
const configured = existsSync(join(root, 'build', 'Makefile'))
// A new source file must reach the makefile, so configure each time: it costs half a second.
const steps = configured ? ['configure', 'build'] : ['rebuild']
const run = spawnSync(
  process.execPath,
  [gyp, ...steps, '--jobs=max', '--loglevel=warn', ...nodedir],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  },
)
if (run.status !== 0) {
  console.error(
    'saccade: the native addon did not compile; it needs g++ >= 11 or clang >= 12, make and python3.',
  )
  process.exit(run.status ?? 1)
}
