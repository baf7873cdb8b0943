// Loaded into every test process by ava.config.js: a failed test leaves ports and sockets open, and without this the
// whole run would wait for them for ever. That the program itself ends is tried in child processes.
import { registerCompletionHandler } from 'ava'

registerCompletionHandler(() => process.exit())
