// A real broker on a port of its own, and a subscriber that writes down what it hears.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { killAtExit } from './children.js'
import { findTool } from './tools.js'
import { sleep } from './wait.js'

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** mosquitto in a folder of its own. */
export class Mosquitto {
  #process: ChildProcess | undefined
  readonly folder = mkdtempSync(join(tmpdir(), 'saccade-mosquitto-'))

  /** Lines of its configuration that a test may change before it starts the broker again. */
  lines = ['allow_anonymous true']

  private constructor(readonly port: number) {}

  /** Starts a broker that lets anybody do anything. */
  static async start(): Promise<Mosquitto> {
    const broker = new Mosquitto(await freePort())
    await broker.start()
    return broker
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#process!.pid!
  }

  async start(): Promise<void> {
    const file = join(this.folder, 'mosquitto.conf')
    // Started by root it would drop to a user that may not read the files of the test.
    const user = process.getuid?.() === 0 ? ['user root'] : []
    writeFileSync(
      file,
      [
        `listener ${this.port} 127.0.0.1`,
        'persistence false',
        'log_dest stderr',
        ...user,
        ...this.lines,
        '',
      ].join('\n'),
    )
    this.#process = killAtExit(spawn(findTool('mosquitto')!, ['-c', file], { stdio: 'ignore' }))
    for (let tries = 0; !(await answers(this.port)); tries++) {
      if (tries > 200) throw new Error('mosquitto does not start')
      await sleep(20)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#process!.kill(signal)
  }

  /** Kills the broker; `start` brings it back on the same port. */
  async kill(): Promise<void> {
    const broker = this.#process!
    if (broker.exitCode !== null || broker.signalCode !== null) return
    const gone = new Promise((resolve) => broker.once('exit', resolve))
    broker.kill('SIGKILL')
    await gone
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** One message as heard. */
export interface Heard {
  topic: string
  text: string
  retain: boolean
  qos: number
  /** Date.now() */
  at: number
}

/** Hears everything of one device, also across restarts of the broker. */
export class Subscriber {
  readonly heard: Heard[] = []

  private constructor(readonly client: MqttClient) {}

  static async connect(
    url: string,
    device: string,
    options: IClientOptions = {},
  ): Promise<Subscriber> {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 100, ...options })
    client.on('error', () => {})
    const subscriber = new Subscriber(client)
    client.on('message', (topic, payload, { retain, qos }) => {
      const text = payload.toString()
      subscriber.heard.push({ topic, text, retain: retain ?? false, qos: qos ?? 0, at: Date.now() })
    })
    await client.subscribeAsync(`saccade/${device}/#`, { qos: 1 })
    return subscriber
  }

  /** Payloads of a topic, in order. */
  on(name: string): string[] {
    return this.heard.filter(({ topic }) => topic.endsWith(`/${name}`)).map(({ text }) => text)
  }

  close(): Promise<void> {
    return this.client.endAsync(true)
  }
}
