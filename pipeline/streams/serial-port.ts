// What robot links and cameras share of a serial port: how it is opened, and why it does not open.
import type { SerialPort } from 'serialport'

/** What saccade needs of a port; `SerialPort` is one. */
export type Port = Pick<
  SerialPort,
  'open' | 'close' | 'write' | 'drain' | 'resume' | 'on' | 'once' | 'off' | 'isOpen'
>

/** Makes a port that is not open yet. */
export type MakePort = (path: string, baud: number) => Port

/** Why a port does not open. `final`: waiting will not help a replay. */
export interface PortFailure {
  why: string
  hint: string
  final: boolean
}

/**
 * Makes ports of the system. `rtscts`: hardware flow control.
 * Loaded on use; SerialPort.list() is never called: without udevadm (slim containers) it ends the process.
 */
export async function systemPort({ rtscts = false } = {}): Promise<MakePort> {
  const { SerialPort } = await import('serialport')
  return (path, baudRate) => new SerialPort({ path, baudRate, rtscts, autoOpen: false })
}

/** The bindings say what the system said, in words of their own. */
export function portFailure({ message }: Error): PortFailure {
  if (/no such file|ENOENT|cannot find|no such device/i.test(message))
    return { why: 'there is no such port', hint: 'look into /dev/serial/by-id', final: false }
  if (/cannot lock|temporarily unavailable|busy|EBUSY/i.test(message))
    return {
      why: 'another program uses it',
      hint: 'find it with `fuser -v PORT` and stop it',
      final: true,
    }
  if (/permission|access denied|EACCES/i.test(message))
    return {
      why: 'permission denied',
      hint: 'add the user to the group "dialout" and log in again',
      final: true,
    }
  if (/inappropriate ioctl|ENOTTY|not a|is a directory|EISDIR/i.test(message))
    return { why: 'it is no serial port', hint: 'look into /dev/serial/by-id', final: true }
  return {
    why: message.replace(/^Error:?\s*/, ''),
    hint: 'check the port and its baud',
    final: false,
  }
}
