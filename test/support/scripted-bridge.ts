// rosbridge 2 as its protocol text and message_conversion say, as far as a publisher meets it: topics are advertised with a
// type before they are published, unknown types and unknown fields are refused with a status.
import { type WebSocket, WebSocketServer } from 'ws'

type Shape = { [field: string]: Shape | 'number' | 'string' | 'integer' | [Shape] }

const TIME: Shape = { sec: 'integer', nanosec: 'integer' }
const HEADER: Shape = { stamp: TIME, frame_id: 'string' }
const POSE: Shape = { position: { x: 'number', y: 'number' }, theta: 'number' }
const RESULT: Shape = { hypothesis: { class_id: 'string', score: 'number' }, pose: {} }
const DETECTION: Shape = {
  header: HEADER,
  results: [RESULT],
  bbox: { center: POSE, size_x: 'number', size_y: 'number' },
  id: 'string',
}
const TYPES: Record<string, Shape> = {
  'vision_msgs/msg/Detection2DArray': { header: HEADER, detections: [DETECTION] },
  'std_msgs/msg/String': { data: 'string' },
}

/** A bridge that writes down what it takes. */
export class ScriptedBridge {
  readonly published: { topic: string; type: string; msg: Record<string, unknown> }[] = []
  readonly refused: string[] = []
  readonly unadvertised: string[] = []
  readonly #server: WebSocketServer

  private constructor(
    port: number,
    readonly packages: readonly string[],
  ) {
    this.#server = new WebSocketServer({ port, host: '127.0.0.1' })
    this.#server.on('connection', (socket) => this.#serve(socket))
  }

  /** `packages`: those whose messages it knows. */
  static async start(packages: readonly string[], port = 0): Promise<ScriptedBridge> {
    const bridge = new ScriptedBridge(port, packages)
    await new Promise((resolve) => bridge.#server.once('listening', resolve))
    return bridge
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: WebSocket): void {
    const topics = new Map<string, string>()
    socket.on('message', (data) => {
      const { op, id, topic, type, msg } = JSON.parse(data.toString())
      const refuse = (why: string) => {
        this.refused.push(why)
        socket.send(JSON.stringify({ op: 'status', level: 'error', id, msg: `${op}: ${why}` }))
      }
      if (op === 'advertise') {
        const known = TYPES[type] !== undefined && this.packages.includes(type.split('/')[0])
        if (known) topics.set(topic, type)
        else refuse(`Unable to import ${type} from package ${type.split('/')[0]}`)
      } else if (op === 'publish') {
        const as = topics.get(topic)
        const wrong = as === undefined ? `${topic} is not advertised` : fault(TYPES[as]!, msg, as)
        if (wrong !== undefined) refuse(wrong)
        else this.published.push({ topic, type: as!, msg })
      } else if (op === 'unadvertise') {
        topics.delete(topic)
        this.unadvertised.push(topic)
      } else refuse(`Unknown operation: ${op}`)
    })
  }
}

function fault(shape: Shape, value: Record<string, unknown>, at: string): string | undefined {
  for (const [name, field] of Object.entries(value)) {
    const wanted = shape[name]
    const here = `${at}.${name}`
    if (wanted === undefined) return `Message type does not have a field ${here}`
    if (
      wanted === 'integer' ? !Number.isInteger(field) : isPlain(wanted) && typeof field !== wanted
    )
      return `Expected a ${wanted} for ${here}`
    if (isPlain(wanted)) continue
    const inner = Array.isArray(wanted) ? wanted[0] : wanted
    for (const item of Array.isArray(wanted) ? (field as unknown[]) : [field]) {
      const wrong = fault(inner, item as Record<string, unknown>, here)
      if (wrong !== undefined) return wrong
    }
  }
  return undefined
}

function isPlain(wanted: Shape[string]): wanted is 'number' | 'string' | 'integer' {
  return typeof wanted === 'string'
}
