import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { writeSimulation } from '../../pipeline/simulate/write.js'
import { scratch } from '../support/folder.js'
import { saccade } from '../support/program.js'

async function robot(t: ExecutionContext, yaml: string): Promise<string> {
  const folder = dirname(scratch(t, 'x'))
  await writeSimulation({ seed: 3, durationUs: 300_000 }, `${folder}/drive`)
  writeFileSync(`${folder}/robot.yaml`, yaml)
  return folder
}

test('run plays a recording at its own speed, tells its health and ends with the account', async (t) => {
  const cwd = await robot(
    t,
    'source:\n  recording: drive_td.dat\noutput:\n  file: out.ndjson\nhealth:\n  every: 100ms\n',
  )
  const { code, stdout, stderr } = await saccade(['run', 'robot.yaml'], { cwd })
  t.is(code, 0, stderr)
  t.is(stdout, '')
  const logged = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.regex(logged[0].msg, /^running on .*drive_td\.dat$/)
  t.is(logged[0].model, 'car')
  t.true(
    logged.some(({ msg }) =>
      /^\d+ windows, [\d.]+\/s, .*age .* ms .*ndjson.* up; \d+ MB$/.test(msg),
    ),
  )
  t.regex(logged.at(-1).msg, /^\d windows, .* detections in .* s; /)
  const sets = readFileSync(`${cwd}/out.ndjson`, 'utf8').trim().split('\n').slice(1, -1)
  t.true(sets.length > 0)
  for (const set of sets) t.true(JSON.parse(set).ageMs >= 0)
})

test('run --json puts nothing but NDJSON on stdout', async (t) => {
  const cwd = await robot(t, 'source: {recording: drive_td.dat}\nlog: {format: text}\n')
  appendFileSync(`${cwd}/drive_td.dat`, 'cut')
  const { code, stdout, stderr } = await saccade(['run', 'robot.yaml', '--json'], { cwd })
  t.is(code, 0, stderr)
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.is(records[0].schema, 'saccade/1')
  t.truthy(records.at(-1).end)
  t.regex(stderr, /^\d\d:\d\d:\d\d info {2}running on /)
  // What was wrong in the recording stands behind the account.
  t.regex(stderr, / s; .*\n.* warn {2}.*drive_td\.dat: 3 trailing bytes, the first at byte \d+\n$/)
})

test('run needs exactly one source', async (t) => {
  const environments: Record<string, string>[] = [
    {},
    { SACCADE_SOURCE_EDVS: '/dev/ttyUSB9', SACCADE_SOURCE_RECORDING: 'drive_td.dat' },
  ]
  for (const env of environments) {
    const { code, stdout, stderr } = await saccade(['run'], { env })
    t.is(code, 2)
    t.is(stdout, '')
    t.regex(
      stderr,
      /^saccade: run has (no source|more than one source)\n {2}set one of source\.recording/,
    )
  }
})
