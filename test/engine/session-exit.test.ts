import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { packageRoot, skipWithout } from '../support/shared.js'
import { lacks } from '../support/tools.js'

const child = fileURLToPath(new URL('../support/session-child.js', import.meta.url))

/** Exit code (or signal) and output of a process that uses the engine and ends in one of several ways. */
function run(
  name: string,
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--expose-gc', child, name],
      { timeout: 60_000, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        resolve({
          code: error ? (error.signal ?? error.code ?? 'error') : 0,
          output: stdout + stderr,
        })
      },
    )
  })
}

test('an idle session that was not closed lets the process end', async (t) => {
  t.deepEqual(await run('idle'), { code: 0, output: 'ran\n' })
})

test('a run under way keeps the process alive until its end', async (t) => {
  t.deepEqual(await run('unawaited'), { code: 0, output: 'ran\n' })
})

test('process.exit in the middle of a run ends the process cleanly', async (t) => {
  t.deepEqual(await run('exit'), { code: 0, output: 'leaving\n' })
})

test('a worker thread may be terminated in the middle of a run', async (t) => {
  t.deepEqual(await run('worker'), { code: 0, output: 'ran\n' })
})

test('a thread that the system refuses is an error and not the end of the process', async (t) => {
  if (process.platform !== 'linux') return skipWithout(t, 'the test preloads a library')
  if (lacks(t, 'cc')) return
  const library = join(mkdtempSync(join(tmpdir(), 'saccade-')), 'no_threads.so')
  const source = join(packageRoot, 'test/native/no_threads.c')
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
  const refused = (threads: number) =>
    `ERR_NATIVE the system refused one of the ${threads} threads of the session: a limit on threads or memory\n`
  // With one granted, the session of one thread opens and ends; of three, a helper is there and must be sent home.
  for (const [granted, output] of [
    ['0', refused(1) + refused(3)],
    ['1', `undefined undefined\n${refused(3)}`],
    ['3', `undefined undefined\n${refused(3)}`],
  ] as const) {
    t.deepEqual(await run('refused', { LD_PRELOAD: library, GRANTED_THREADS: granted }), {
      code: 0,
      output,
    })
  }
})

test('sessions that are dropped without close() are collected with their threads', async (t) => {
  if (!existsSync('/proc/self/task')) return skipWithout(t, 'threads are counted in /proc')
  t.deepEqual(await run('dropped'), { code: 0, output: 'collected\n' })
})
