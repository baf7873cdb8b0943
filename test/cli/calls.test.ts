// What every command does with a wrong call, whatever it is for.
import test from 'ava'
import { saccade } from '../support/program.js'

test('an unknown command or option is answered with the nearest one and exit code 2', async (t) => {
  for (const [args, sentence] of [
    [['doctr'], "saccade: unknown command 'doctr'\n  Did you mean doctor?\n"],
    [['config', '--modle', 'x'], "saccade: unknown option '--modle'\n  Did you mean --model?\n"],
    [
      ['config', '--threads', 'two'],
      'saccade: --threads must be a whole number from 1 to 64, not "two"\n',
    ],
  ] as const) {
    const { code, stdout, stderr } = await saccade(args)
    t.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: sentence })
  }
})

test('--help shows examples and exits with 0', async (t) => {
  const { code, stdout, stderr } = await saccade(['config', '--help'])
  t.is(code, 0)
  t.is(stderr, '')
  t.regex(stdout, /\nExamples:\n {2}\$ saccade config robot\.yaml\n/)
})

test('a password on the command line is refused', async (t) => {
  const { code, stderr } = await saccade(['config', '--mqtt', 'mqtt://robot:hunter2@broker'])
  t.is(code, 2)
  t.regex(stderr, /SACCADE_MQTT_PASSWORD_FILE/)
  t.false(stderr.includes('hunter2'))
})

test('stack traces come with SACCADE_DEBUG=1 only', async (t) => {
  const args = ['config', 'no-such.yaml']
  t.notRegex((await saccade(args)).stderr, /\n {4}at /)
  t.regex((await saccade(args, { env: { SACCADE_DEBUG: '1' } })).stderr, /\n {4}at /)
})

test('doctor exits with 1 when something required is missing', async (t) => {
  const { code, stdout } = await saccade(['doctor', '--json'], { env: { SACCADE_ISA: 'mmx' } })
  t.is(code, 1)
  const found = JSON.parse(stdout).find(
    (check: { name: string }) => check.name === 'instruction set',
  )
  t.is(found.state, 'missing')
  t.regex(found.detail, /^SACCADE_ISA=mmx is not available here; this machine runs scalar/)
})

test('doctor --hop says whether this machine keeps up, and what helps when it does not', async (t) => {
  const speed = async (hop: string) => {
    const { code, stdout, stderr } = await saccade(['doctor', '--json', '--hop', hop])
    t.is(code, 0, stderr)
    return JSON.parse(stdout).find((check: { name: string }) => check.name === 'speed')
  }
  const slow = await speed('5000us')
  t.regex(
    slow.detail,
    /^car takes [\d.]+ ms a window \(p99 [\d.]+\) on \w+, 1 thread, at [\d.]+ Mev\/s; /,
  )
  t.is(slow.state === 'ok', /it keeps up, and has \d+ % to spare$/.test(slow.detail))
})
