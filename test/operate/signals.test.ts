import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'

const program = fileURLToPath(new URL('../support/stubborn-child.js', import.meta.url))

async function stubbornChild(t: ExecutionContext) {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  const said: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const says = async (text: string) => {
    while (!said.join('').includes(text)) await once(child.stdout, 'data')
  }
  await says('ready')
  return { child, says, said, ended: once(child, 'close') }
}

test('a second signal ends the program at once with 130', async (t) => {
  const { child, says, ended } = await stubbornChild(t)
  child.kill('SIGINT')
  await says('stopping')
  child.kill('SIGTERM')
  t.deepEqual(await ended, [130, null])
})

test('a program that does not stop in time is ended, and says so', async (t) => {
  const { child, said, ended } = await stubbornChild(t)
  child.kill('SIGTERM')
  t.deepEqual(await ended, [1, null])
  t.regex(said.join(''), /saccade: did not stop within 2\.7 s\n/)
})
