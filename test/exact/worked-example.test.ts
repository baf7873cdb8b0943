// The table in docs/engine.md, run on the engine: a document that computes wrongly fails here.
import { readFileSync } from 'node:fs'
import test from 'ava'
import { openNative } from '../../pipeline/detect/native.js'
import { builder, byHand, finish } from '../support/small-plan.js'

interface Row {
  [column: string]: number
}

function table(): Row[] {
  const lines = readFileSync('docs/engine.md', 'utf8').split('\n')
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  const at = lines.findIndex((line) => line.startsWith('| pixel'))
  const names = cells(lines[at]!)
  return lines
    .slice(at + 2, at + 5)
    .map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i], Number(cell)])))
}

test('the worked example of docs/engine.md is what the engine computes', async (t) => {
  const rows = table()
  const build = builder(2, [2, 1, rows.length])
  const x = byHand(build, 0, 1, { weight: 5, scale: 2 ** -3, bias: 0.5 })
  // A count frame has two channels per step; the second stays empty.
  build.weights.get(`${build.ops.at(-1)!.name}.weight`)![1] = 0
  const fired = build.neuron(x, 'ilif')
  const ilif = build.ops.at(-1)!
  build.neuron(x, 'tau')
  const tau = build.ops.at(-1)!
  Object.assign(ilif, { levels: 4, constant: 0.25 })
  Object.assign(tau, { levels: 4, constant: 2 })
  const head = build.conv(fired, 5, { kernel: [1, 1] })
  await using session = await openNative(finish(build, build.mean(head)))
  const counts = (step: number) => rows.map((row) => row[`count ${step}`]!)
  const none = rows.map(() => 0)
  const frame = Uint8Array.from([...counts(0), ...none, ...counts(1), ...none])
  const { spikes } = await session.trace(frame)
  for (const [i, row] of rows.entries()) {
    for (const step of [0, 1]) {
      t.is(row[`acc ${step}`], 5 * row[`count ${step}`]!)
      t.is(row[`x ${step}`], row[`acc ${step}`]! / 8 + 0.5)
      for (const { name } of [ilif, tau]) {
        const form = name === ilif.name ? 'ilif' : 'tau'
        t.is(
          spikes.get(name)!.data[step * rows.length + i],
          row[`${form} s ${step}`],
          `${form} ${i}`,
        )
      }
    }
    t.is(row['ilif m 1'], (row['ilif m 0']! - row['ilif s 0']!) * 0.25 + row['x 1']!)
    const rest = row['tau v 0']! - row['tau s 0']!
    t.is(row['tau v 1'], rest + (row['x 1']! - rest) / 2)
  }
})
