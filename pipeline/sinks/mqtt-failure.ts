// What a refused or lost connection means, and how it is said.

/** Why a connection did not come about or ended. */
export interface Failure {
  kind:
    | 'protocol' // the broker speaks no MQTT 5
    | 'silent' // it closed the socket before it answered
    | 'credentials'
    | 'client-id'
    | 'certificate'
    | 'access' // it takes the connection but not the messages
    | 'unreachable'
    | 'lost' // after it was up
  /** Part of a sentence: "connection refused". */
  why: string
}

/** Codes of CONNACK: MQTT 5 reason codes and 3.1.1 return codes. */
const CONNACK: Readonly<Record<number, Failure['kind']>> = {
  132: 'protocol',
  1: 'protocol',
  133: 'client-id',
  2: 'client-id',
  134: 'credentials',
  135: 'credentials',
  4: 'credentials',
  5: 'credentials',
}

const SOCKET: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'no answer',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS at that port',
}

const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name it with `ca`',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not trusted; name it with `ca`',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is not trusted; name it with `ca`',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}

/** Reads the first `error` of an attempt, if there was one. */
export function failureOf(error: unknown, wasUp: boolean, user: string | undefined): Failure {
  const { code, message } = (error ?? {}) as { code?: number | string; message?: string }
  if (wasUp) return { kind: 'lost', why: message ?? 'the broker closed the connection' }
  if (typeof code === 'number') {
    const kind = CONNACK[code] ?? 'unreachable'
    return { kind, why: connackSentence(kind, message ?? `code ${code}`, user) }
  }
  if (error === undefined || code === 'ECONNRESET' || code === 'EPIPE')
    return { kind: 'silent', why: 'it closes the connection without an answer' }
  if (message === 'connack timeout') return { kind: 'unreachable', why: 'no answer' }
  if (code === undefined) return { kind: 'unreachable', why: `it does not speak MQTT (${message})` }
  const certificate = CERTIFICATE[code]
  if (certificate !== undefined) return { kind: 'certificate', why: certificate }
  return { kind: 'unreachable', why: SOCKET[code] ?? message ?? code }
}

function connackSentence(kind: Failure['kind'], message: string, user: string | undefined): string {
  if (kind === 'credentials')
    return user === undefined
      ? 'it wants a user name and a password'
      : `it refuses the user name or password of "${user}"`
  if (kind === 'protocol') return 'it speaks neither MQTT 5 nor 3.1.1'
  if (kind === 'client-id') return 'it refuses the client id'
  return `it refuses the connection: ${message}`
}

/** What does not mend by itself within seconds: a replay need not wait for it. */
export const LASTING: ReadonlySet<Failure['kind'] | undefined> = new Set([
  'credentials',
  'certificate',
  'access',
] as const)
