// A program that is asked to stop and does not.
import { stopOnSignals } from '../../pipeline/operate/signals.js'

stopOnSignals().signal.addEventListener('abort', () => process.stdout.write('stopping\n'))
process.stdout.write('ready\n')
setInterval(() => {}, 1000)
