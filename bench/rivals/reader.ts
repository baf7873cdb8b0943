// Reads a recording whole, again and again, for readers.py: prints events and CPU seconds of each pass as JSON.
//   node dist/bench/rivals/reader.js FILE SECONDS
import { EventPacket } from '../../pipeline/events/packet.js'
import { openRecording } from '../../pipeline/index.js'

const [path = '', seconds = '1'] = process.argv.slice(2)
const packet = new EventPacket()
const passes: [events: number, seconds: number][] = []
for (let total = 0; total < Number(seconds) || passes.length < 3; ) {
  const start = process.cpuUsage()
  let events = 0
  await using recording = await openRecording(path)
  while (await recording.next(packet)) events += packet.length
  const { user, system } = process.cpuUsage(start)
  passes.push([events, (user + system) / 1e6])
  total += (user + system) / 1e6
}
console.log(JSON.stringify(passes))
