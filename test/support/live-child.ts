// Publishes live sets until it is killed. Arguments: URL of the broker, device.
import { MqttSink } from '../../pipeline/sinks/mqtt.js'
import { Outlet } from '../../pipeline/sinks/outlet.js'
import { Ledger } from '../../pipeline/streams/ledger.js'
import { header, makeLiveSet } from './sets.js'

const [url, device] = process.argv.slice(2)
const outlet = new Outlet(new MqttSink({ url: url!, device: device! }), new Ledger(), {
  live: true,
})
await outlet.open(header, { wait: true })
let seq = 0
setInterval(() => void outlet.push(makeLiveSet(seq++)), 50)
