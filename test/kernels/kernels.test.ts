// Builds test/native/kernels.cc with this machine's compiler: the kernels under the flags of binding.gyp, and those of
// AVX-VNNI and AVX-512 under emulation, since few machines have them. Objects stay in build/test-kernels/ until a source
// is newer. scripts/test-arm64.js does the same for NEON.
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
// JSON, but for lines of comment.
const gyp = readFileSync(join(packageRoot, 'binding.gyp'), 'utf8').replace(/^#.*$/gm, '')
const COMMON: string[] = [...JSON.parse(gyp).variables.common_cflags, '-fno-exceptions']
const AVX512 = ['f', 'bw', 'dq', 'vl', 'vnni'].map((part) => `-mavx512${part}`)
// gcc 12 warns about its own AVX-512 header.
const QUIET = ['-Wno-maybe-uninitialized', '-Wno-uninitialized']

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

test.serial(
  'AVX2, AVX-VNNI and AVX-512 kernels equal the scalar ones on odd sizes, tails and extreme values',
  async (t) => {
    if (notHere(t)) return
    const simde = existsSync('/usr/include/simde/x86/avx512.h')
    if (!simde) t.log('AVX-512 is not compared: SIMDe is not installed (Debian: libsimde-dev)')
    // Without SIMDe the real kernels are linked and not called.
    const emulated = ['-O1', '-mavx2', '-DSACCADE_EMULATED', `-I${testNative}`, '-Wno-psabi']
    const avx512 = simde ? emulated : [...AVX512, ...QUIET]
    const engine = sourcesOf('engine', '.cc').filter((name) => !name.endsWith('session.cc'))
    const list = [
      ...units('emulated', avx512, sourcesOf('kernels', '.avx512vnni.cc')),
      ...units('emulated', emulated, sourcesOf('kernels', '.avxvnni.cc')),
      ...units('real', ['-mavx2'], sourcesOf('kernels', '.avx2.cc')),
      ...units(
        'plain',
        [],
        [
          ...sourcesOf('kernels', '.scalar.cc'),
          ...engine,
          join(native, 'kernels/dispatch.cc'),
          join(testNative, 'kernels.cc'),
        ],
      ),
    ]
    await compile(t, list)
    const program = join(objects, 'kernels')
    const link = await run('g++', [...list.map(({ object }) => object), '-lpthread', '-o', program])
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
    if (notHere(t)) return
    const list = [
      ...units(
        'real',
        [...AVX512, ...QUIET, '-mprefer-vector-width=512'],
        sourcesOf('kernels', '.avx512vnni.cc'),
      ),
      ...units('real', ['-mavx2', '-mavxvnni'], sourcesOf('kernels', '.avxvnni.cc')),
      ...units('real', ['-mavx2'], sourcesOf('kernels', '.avx2.cc')),
    ]
    await compile(t, list)
    for (const { object } of list) {
      const { output } = await run('objdump', ['-d', '--no-show-raw-insn', object])
      t.notRegex(output, /\bvfn?m(add|sub)\d/, object)
      if (/real-\w+-conv\.\w*vnni\.cc\.o$/.test(object)) {
        t.regex(output, /\bvpdpbusd\b/)
        t.regex(output, /\bvpdpwssd\b/)
      }
      // AVX-VNNI has no registers but the first 16 and no masks: what AVX-512 has in addition would be a fault there.
      if (object.includes('avxvnni')) t.notRegex(output, /zmm|ymm(1[6-9]|[23]\d)|%k[0-7]/, object)
      // T: a function of the table. W would be an inline function of which the linker keeps any one copy.
      const symbols = await run('nm', ['--defined-only', '--extern-only', object])
      for (const line of symbols.output.trim().split('\n')) t.regex(line, / T /, object)
    }
    // And the addon itself, whatever it was built with.
    const addon = join(packageRoot, 'build/Release/saccade.node')
    if (!existsSync(addon)) return skipWithout(t, 'the addon is not one that was built here')
    const { output } = await run('objdump', ['-d', '--no-show-raw-insn', addon])
    t.notRegex(output, /\bvfn?m(add|sub)\d/, addon)
  },
)
