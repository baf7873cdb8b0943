// Links test/native/kernels.cc with the objects that the addon was built from: what is compared is what ships. The kernels of
// AVX-VNNI and AVX-512 are compiled anew under emulation, since few machines have them; those objects stay in
// build/test-kernels/ until a source is newer. scripts/test-arm64.js does the same for NEON.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { packageRoot, skipWithout } from '../support/shared.js'
import { lacks } from '../support/tools.js'

const native = join(packageRoot, 'native')
const testNative = join(packageRoot, 'test/native')
const objects = join(packageRoot, 'build/test-kernels')
const built = join(packageRoot, 'build/Release/obj.target')
// JSON, but for lines of comment.
const gyp = readFileSync(join(packageRoot, 'binding.gyp'), 'utf8').replace(/^#.*$/gm, '')
const COMMON: string[] = [...JSON.parse(gyp).variables.common_cflags, '-fno-exceptions']
/** What is compiled into one object. */
interface Unit {
  source: string
  object: string
  flags: string[]
}

function units(kind: string, flags: string[], sources: string[]): Unit[] {
  return sources.map((source) => ({
    source,
    object: join(objects, `${kind}-${digest([...COMMON, ...flags])}-${basename(source)}.o`),
    flags: [...COMMON, ...flags, `-I${native}`],
  }))
}

/** Objects of other flags are other objects. */
function digest(flags: string[]): string {
  return createHash('sha256').update(flags.join(' ')).digest('hex').slice(0, 8)
}

function sourcesOf(folder: string, ending: string): string[] {
  const names = readdirSync(join(native, folder)).filter((name) => name.endsWith(ending))
  return names.map((name) => join(native, folder, name))
}

function newest(folder: string): number {
  const times = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
    (name) => statSync(join(folder, name)).mtimeMs,
  )
  return Math.max(...times)
}

/** Runs a program without blocking AVA's clock. */
function run(tool: string, args: string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    execFile(tool, args, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      resolve({ status: error ? 1 : 0, output: stdout + stderr })
    })
  })
}

async function compile(t: ExecutionContext, list: Unit[]): Promise<void> {
  mkdirSync(objects, { recursive: true })
  const changed = Math.max(newest(native), newest(testNative))
  for (const { source, object, flags } of list) {
    if (existsSync(object) && statSync(object).mtimeMs > changed) continue
    t.timeout(300_000, `compiling ${basename(source)}`)
    const result = await run('g++', [...flags, '-c', source, '-o', object])
    t.is(result.status, 0, result.output)
    t.notRegex(result.output, /warning/)
  }
}

function notHere(t: ExecutionContext): boolean {
  if (process.arch === 'x64') return lacks(t, 'g++', 'objdump', 'nm')
  skipWithout(t, 'these instruction sets are those of x64')
  return true
}

/** Objects of a target of binding.gyp, of one folder of native/. */
function builtObjects(target: string, folder: string): string[] {
  const path = join(built, target, 'native', folder)
  return readdirSync(path, { encoding: 'utf8' })
    .filter((name) => name.endsWith('.o') && !name.startsWith('session'))
    .map((name) => join(path, name))
}

function notBuilt(t: ExecutionContext): boolean {
  if (existsSync(join(built, 'kernels_avx2'))) return false
  skipWithout(t, 'the addon is not one that was built here')
  return true
}

test.serial(
  'AVX2, AVX-VNNI and AVX-512 kernels equal the scalar ones on odd sizes, tails and extreme values',
  async (t) => {
    if (notHere(t) || notBuilt(t)) return
    const simde = existsSync('/usr/include/simde/x86/avx512.h')
    if (!simde) t.log('AVX-512 is not compared: SIMDe is not installed (Debian: libsimde-dev)')
    const emulated = ['-O1', '-mavx2', '-DSACCADE_EMULATED', `-I${testNative}`, '-Wno-psabi']
    const list = [
      ...(simde ? units('emulated', emulated, sourcesOf('kernels', '.avx512vnni.cc')) : []),
      ...units('emulated', emulated, sourcesOf('kernels', '.avxvnni.cc')),
      ...units('plain', [], [join(testNative, 'kernels.cc')]),
    ]
    await compile(t, list)
    const program = join(objects, 'kernels')
    const link = await run('g++', [
      ...list.map(({ object }) => object),
      ...builtObjects('kernels_scalar', 'kernels'),
      ...builtObjects('kernels_avx2', 'kernels'),
      // Not called.
      ...(simde ? [] : builtObjects('kernels_avx512vnni', 'kernels')),
      ...builtObjects('saccade', 'engine'),
      ...builtObjects('saccade', 'kernels'),
      ...['-lpthread', '-o', program],
    ])
    t.is(link.status, 0, link.output)
    if ((await run('grep', ['-cw', 'avx2', '/proc/cpuinfo'])).status !== 0) {
      return skipWithout(t, 'this processor has no AVX2')
    }
    const sets = ['avx2', 'avxvnni', ...(simde ? ['avx512vnni'] : [])]
    const result = await run(program, sets)
    t.is(result.status, 0, result.output)
    for (const set of sets) {
      t.regex(result.output, new RegExp(`^${set}: \\d{3,} networks, \\d{6,} values equal$`, 'm'))
    }
    t.log(result.output.trim())
  },
)

test.serial(
  'units of an instruction set use it, contract nothing and leave no symbol that others could pick up',
  async (t) => {
    if (notHere(t) || notBuilt(t)) return
    const sets = ['avx2', 'avxvnni', 'avx512vnni']
    for (const object of sets.flatMap((set) => builtObjects(`kernels_${set}`, 'kernels'))) {
      const { output } = await run('objdump', ['-d', '--no-show-raw-insn', object])
      t.notRegex(output, /\bvfn?m(add|sub)\d/, object)
      if (/\/conv\.\w*vnni\.o$/.test(object)) {
        t.regex(output, /\bvpdpbusd\b/)
        t.regex(output, /\bvpdpwssd\b/)
      }
      // AVX-VNNI has no registers but the first 16 and no masks: what AVX-512 has in addition would be a fault there.
      if (object.includes('avxvnni')) t.notRegex(output, /zmm|ymm(1[6-9]|[23]\d)|%k[0-7]/, object)
      // T: a function of the table. W would be an inline function of which the linker keeps any one copy.
      const symbols = await run('nm', ['--defined-only', '--extern-only', object])
      const lines = symbols.output.split('\n').filter((line) => line !== '')
      for (const line of lines) t.regex(line, / T /, object)
    }
  },
)
