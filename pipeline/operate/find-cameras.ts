// Looks for event cameras: serial adapters, video devices, USB devices of their makers; and whether this user may open them.
import { accessSync, constants, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { systemVideo } from '../sources/v4l2-transport.js'
import type { Check } from './diagnose.js'

/** Where to look; tests have folders of their own. */
export interface Places {
  /** /sys/bus/usb/devices */
  usb: string
  /** /dev */
  dev: string
}

const SYSTEM: Places = { usb: '/sys/bus/usb/devices', dev: '/dev' }

/** USB devices of makers of event cameras: from the rules that come with libcaer and OpenEB. */
const USB_CAMERAS: readonly { vendor: string; product: RegExp; what: string; opens: string }[] = [
  {
    vendor: '152a',
    product: /^84[01]/,
    what: 'a camera of iniVation',
    opens: 'caer:davis, caer:dvs128 or caer:dvxplorer',
  },
  {
    vendor: '04b4',
    product: /^00f[1345]$/,
    what: 'a camera of Prophesee, or a development kit',
    opens: "its maker's tool and `saccade run -`",
  },
  { vendor: '03fd', product: /^5832$/, what: 'a camera of Prophesee', opens: 'OpenEB' },
  { vendor: '1fc9', product: /^5838$/, what: 'a camera of Prophesee', opens: 'OpenEB' },
  { vendor: '31f7', product: /^0003$/, what: 'a camera of CenturyArks', opens: 'OpenEB' },
]

/** A finding for each kind of camera. Never throws. */
export function findCameras(places: Places = SYSTEM): Check[] {
  return [serialPorts(places.dev), videoDevices(places.dev), ...usbCameras(places)]
}

/** By directory, not by the serialport package, which needs udevadm to list and misses Jetson's ttyTHS ports. */
function serialPorts(dev: string): Check {
  const name = 'serial ports'
  const byId = join(dev, 'serial', 'by-id')
  const named = list(byId).map((entry) => {
    const path = join(byId, entry)
    return { path: resolved(path), entry }
  })
  const plain = list(dev)
    .filter((entry) => /^(tty(USB|ACM|THS|AMA)\d+|cu\..+)$/.test(entry))
    .map((entry) => ({ path: join(dev, entry), entry: '' }))
  const ports = named.length > 0 ? named : plain
  if (ports.length === 0) return { name, state: 'absent', detail: 'none connected' }
  const closed = ports.filter(({ path }) => !isWritable(path))
  if (closed.length === 0)
    return {
      name,
      state: 'ok',
      detail: ports.map(({ path, entry }) => (entry ? `${path} (${entry})` : path)).join(', '),
    }
  return {
    name,
    state: 'absent',
    detail: `no access to ${closed.map(({ path }) => path).join(', ')}: add yourself to the group that owns it (often dialout)`,
  }
}

function videoDevices(dev: string): Check {
  const name = 'event cameras on V4L2'
  const sensors = systemVideo
    .list()
    .filter((path) => path.includes('subdev'))
    .filter((path) => /^(imx636|genx320)/.test(systemVideo.nameOf(path)))
  if (sensors.length === 0) {
    const videos = list(dev).filter((entry) => /^video\d+$/.test(entry)).length
    const others = videos > 0 ? ` (${videos} other video devices)` : ''
    return { name, state: 'absent', detail: `none${others}` }
  }
  const names = sensors.map((path) => `${systemVideo.nameOf(path)} on ${path}`).join(', ')
  const closed = sensors.filter((path) => !isWritable(path))
  return closed.length === 0
    ? { name, state: 'ok', detail: `${names}: saccade run v4l2:` }
    : {
        name,
        state: 'absent',
        detail: `${names}: no access to ${closed.join(', ')}: add yourself to the group video`,
      }
}

function usbCameras({ usb, dev }: Places): Check[] {
  const found = list(usb).flatMap((entry) => {
    const attribute = (file: string) => read(join(usb, entry, file))
    const [vendor, product] = [attribute('idVendor'), attribute('idProduct')]
    const known = USB_CAMERAS.find(
      (camera) => camera.vendor === vendor && camera.product.test(product),
    )
    if (known === undefined) return []
    const part = (file: string) => attribute(file).padStart(3, '0')
    const node = join(dev, 'bus', 'usb', part('busnum'), part('devnum'))
    const serial = attribute('serial')
    return [{ known, vendor, product, node, serial }]
  })
  if (found.length === 0)
    return [{ name: 'event cameras on USB', state: 'absent', detail: 'none connected' }]
  return found.map(({ known, vendor, product, node, serial }) => {
    const what = `${known.what} (${vendor}:${product}${serial === '' ? '' : `, serial ${serial}`})`
    if (isWritable(node))
      return { name: 'event camera on USB', state: 'ok', detail: `${what}: ${known.opens}` }
    return {
      name: 'event camera on USB',
      state: 'absent',
      detail: `${what}: no access to ${node}; ${udevAdvice(vendor, product)}`,
    }
  })
}

/** What to add so that whoever sits at the machine may open the device. */
export function udevAdvice(vendor: string, product: string): string {
  const rule = `SUBSYSTEM=="usb", ATTR{idVendor}=="${vendor}", ATTR{idProduct}=="${product}", TAG+="uaccess", GROUP="plugdev", MODE="0660"`
  return `put this line into /etc/udev/rules.d/60-saccade.rules, then plug it in again: ${rule}`
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
