import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { skipWithout } from '../support/shared.js'

const child = fileURLToPath(new URL('../support/session-child.js', import.meta.url))

/** Exit code (or signal) and output of a process that uses the engine and ends in one of several ways. */
function run(name: string): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--expose-gc', child, name],
      { timeout: 60_000 },
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

test('sessions that are dropped without close() are collected with their threads', async (t) => {
  if (!existsSync('/proc/self/task')) return skipWithout(t, 'threads are counted in /proc')
  t.deepEqual(await run('dropped'), { code: 0, output: 'collected\n' })
})
