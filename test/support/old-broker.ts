// A broker that speaks no MQTT 5: refuses it in one of the ways seen in the field and passes 3.1.1 on to a real one.
import { connect, createServer, type Server, type Socket } from 'node:net'

/** What is sent to a client that asks for MQTT 5 before the socket closes. */
export const refusals = {
  'CONNACK of MQTT 5 with code 0x84': Buffer.from('2003008400', 'hex'),
  'CONNACK of MQTT 3.1.1 with code 1': Buffer.from('20020001', 'hex'),
  'a closed socket': Buffer.alloc(0),
} as const

/** Listens on a port of its own. */
export class OldBroker {
  /** Protocol levels that clients asked for, in order. */
  readonly asked: number[] = []
  readonly #sockets = new Set<Socket>()

  private constructor(
    readonly server: Server,
    readonly port: number,
  ) {}

  /** `answer` refuses MQTT 5; `behind` is the port that 3.1.1 goes to, nobody when absent. */
  static start(answer: Uint8Array, behind?: number): Promise<OldBroker> {
    return new Promise((resolve) => {
      const server = createServer((socket) => broker.#serve(socket, answer, behind))
      let broker: OldBroker
      server.listen(0, '127.0.0.1', () => {
        broker = new OldBroker(server, (server.address() as { port: number }).port)
        resolve(broker)
      })
    })
  }

  stop(): void {
    this.server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket, answer: Uint8Array, behind: number | undefined): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (first) => {
      const level = first[first.indexOf('MQTT') + 4]!
      this.asked.push(level)
      if (level === 5 || behind === undefined) {
        socket.end(answer)
        return
      }
      const real = connect(behind, '127.0.0.1')
      real.on('error', () => {})
      real.write(first)
      socket.pipe(real).pipe(socket)
      real.once('close', () => socket.destroy())
      socket.once('close', () => real.destroy())
    })
  }
}
