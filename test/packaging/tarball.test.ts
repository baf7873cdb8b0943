// What npm would put into the package, by package.json alone, in a folder with the models that may lie there.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { scratch } from '../support/folder.js'
import { packageRoot } from '../support/shared.js'
import { lacks } from '../support/tools.js'

test('of the models the tarball carries street alone, and its plan without the network', (t) => {
  if (lacks(t, 'npm')) return
  const manifest = scratch(t, 'package.json')
  const folder = dirname(manifest)
  copyFileSync(join(packageRoot, 'package.json'), manifest)
  const files = ['NOTICE', 'SHA256SUMS', 'card.md', 'failures.png', 'labels.txt']
  files.push('model.onnx', 'model.spike')
  for (const model of ['car', 'car-pilot', 'street']) {
    mkdirSync(join(folder, 'models', model), { recursive: true })
    for (const file of files) writeFileSync(join(folder, 'models', model, file), model)
  }
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
  })
  t.is(packed.status, 0, packed.stderr)
  const [{ files: carried }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }]
  t.deepEqual(
    carried
      .map(({ path }) => path)
      .filter((path) => path.startsWith('models/'))
      .sort(),
    files.filter((file) => file !== 'model.onnx').map((file) => `models/street/${file}`),
  )
})
