import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { killAtExit } from '../support/children.js'
import { scratch } from '../support/folder.js'
import { packageRoot } from '../support/shared.js'

const documents = [
  'README.md',
  ...readdirSync(join(packageRoot, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
const read = (name: string) => readFileSync(join(packageRoot, name), 'utf8')

/** A path in code marks, from the package's root. */
const NAMED =
  /`((?:pipeline|native|models|calibration|bench|robot|test|docs|scripts)\/[\w./-]+\.\w+)`/g
/** A relative link. */
const LINKED = /\]\((?!\w+:)([^)#]+)[^)]*\)/g

test('files that the documents name are there', (t) => {
  for (const document of documents) {
    const text = read(document)
    const paths = [
      ...[...text.matchAll(NAMED)].map(([, path]) => path!),
      ...[...text.matchAll(LINKED)].map(([, path]) => join(dirname(document), path!)),
    ]
    for (const path of paths)
      t.true(existsSync(join(packageRoot, path)), `${document} names ${path}`)
  }
})

test('the README is short and its picture small', (t) => {
  t.true(read('README.md').trimEnd().split('\n').length <= 120)
  t.true(statSync(join(packageRoot, 'docs', 'first-run.png')).size < 300_000)
})

test('every dependency has its line in docs/dependencies.md', (t) => {
  const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json'))
  const text = read('docs/dependencies.md')
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies }))
    t.true(name.startsWith('@types/') || text.includes(name), name)
})

test('the example of the README runs and finds cars', async (t) => {
  const [, example] = /```ts\n([^`]+)```/.exec(read('README.md'))!
  const folder = dirname(scratch(t, 'x'))
  mkdirSync(join(folder, 'out'))
  await writeSimulation({ seed: 2, durationUs: 150_000 }, join(folder, 'out', 'drive'))
  // Inside the package, so that 'saccade' is the package itself; the block is JavaScript as it stands.
  const script = join(packageRoot, 'dist', 'test', 'docs', `readme-${process.pid}.mjs`)
  writeFileSync(script, example!)
  t.teardown(() => rmSync(script, { force: true }))
  const child = killAtExit(spawn(process.execPath, [script], { cwd: folder }))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output += text
    })
  const [code] = await once(child, 'close')
  t.is(code, 0, output)
  t.regex(output, /^50000 car 0\.\d\d \{/)
})
