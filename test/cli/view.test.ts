import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'ava'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'
import { ViewClient } from '../support/view-client.js'
import { until } from '../support/wait.js'

test('a replay with a page writes the same bytes, stays to be looked at, and ends when asked to', async (t) => {
  const { recording } = await writeSimulation({ seed: 3, durationUs: 300_000 }, scratch(t, 'drive'))
  const [plain, watched] = [scratch(t, 'plain.ndjson'), scratch(t, 'watched.ndjson')]
  t.is((await saccade(['replay', recording, '-q', '-o', plain])).code, 0)

  let stderr = ''
  let child: ChildProcess | undefined
  const run = saccade(['replay', recording, '-o', watched, '--view', '0'], {
    started: (process) => {
      child = process
      process.stderr!.on('data', (text) => {
        stderr += text
      })
    },
  })
  await until(() => stderr.includes('the page stays until Ctrl-C'), 'the end of the run', 40_000)
  const client = await ViewClient.open(/http:\S+/.exec(stderr)![0])
  await until(() => client.status !== undefined && client.rows.length === 6, 'the windows', 40_000)
  t.is(client.status!.source, 'done')
  t.like(client.hello, { kind: 'recording', source: 'drive_td.dat', paced: false })
  t.deepEqual(
    client.status!.sinks.map(({ name }) => name.startsWith('ndjson') || name.includes('watched')),
    [true],
  )
  const { header } = await client.frame({ type: 'at', id: 1, t: 300_000, trailUs: 0 })
  t.is(header.network!.spikes.length, client.hello!.layers.length)
  t.true(header.network!.spikes.every((n) => n >= 0) && header.network!.spared > 0.5)
  child!.kill('SIGTERM')
  t.is((await run).code, 0)
  t.is(readFileSync(watched, 'utf8'), readFileSync(plain, 'utf8'))
})

test('--view takes an address, and leaves the file that follows it to the command', async (t) => {
  const missing = await saccade(['replay', '--view', 'no_such_td.dat'])
  t.is(missing.code, 1)
  t.regex(missing.stderr, /no_such_td\.dat/)
  const odd = await saccade(['replay', 'a_td.dat', '--view', 'b_td.dat'])
  t.is(odd.code, 2)
  t.regex(odd.stderr, /--view must be a port or HOST:PORT, .*, not "b_td\.dat"/)
})
