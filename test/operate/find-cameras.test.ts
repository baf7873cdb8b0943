// Cameras that doctor finds, in folders that look like those of the system.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { findCameras, udevAdvice } from '../../pipeline/operate/find-cameras.js'
import { scratch } from '../support/folder.js'

function places(t: ExecutionContext) {
  const root = scratch(t, 'root')
  const [usb, dev] = [join(root, 'usb'), join(root, 'dev')]
  mkdirSync(join(dev, 'bus', 'usb', '001'), { recursive: true })
  mkdirSync(usb, { recursive: true })
  return { usb, dev }
}

function plug(usb: string, name: string, attributes: Record<string, string>) {
  mkdirSync(join(usb, name))
  for (const [file, value] of Object.entries(attributes))
    writeFileSync(join(usb, name, file), `${value}\n`)
}

test('without cameras each kind is said to be absent', (t) => {
  const found = findCameras(places(t))
  t.deepEqual(
    found.map(({ name, state }) => [name, state]),
    [
      ['serial ports', 'absent'],
      ['event cameras on V4L2', 'absent'],
      ['event cameras on USB', 'absent'],
    ],
  )
})

test('a camera on USB is named with its serial number; without access the rule to add is told', (t) => {
  const { usb, dev } = places(t)
  plug(usb, '1-2', {
    ...{ idVendor: '152a', idProduct: '841d', serial: 'DXA00093', busnum: '1', devnum: '7' },
  })
  plug(usb, '1-3', { idVendor: '046d', idProduct: 'c31c', busnum: '1', devnum: '8' })
  const node = join(dev, 'bus', 'usb', '001', '007')
  const camera = () => findCameras({ usb, dev }).at(-1)!
  t.is(camera().state, 'absent')
  t.true(camera().detail.includes(`no access to ${node}; ${udevAdvice('152a', '841d')}`))
  t.regex(
    camera().detail,
    /60-saccade\.rules, then plug it in again: SUBSYSTEM=="usb", ATTR\{idVendor\}=="152a"/,
  )
  writeFileSync(node, '')
  chmodSync(node, 0o666)
  t.deepEqual(camera(), {
    name: 'event camera on USB',
    state: 'ok',
    detail:
      'a camera of iniVation (152a:841d, serial DXA00093): caer:davis, caer:dvs128 or caer:dvxplorer',
  })
})

test('serial ports are told by the names that stay the same', (t) => {
  const { usb, dev } = places(t)
  writeFileSync(join(dev, 'ttyUSB0'), '')
  const port = () => findCameras({ usb, dev })[0]!.detail
  t.is(port(), join(dev, 'ttyUSB0'))
  mkdirSync(join(dev, 'serial', 'by-id'), { recursive: true })
  symlinkSync('../../ttyUSB0', join(dev, 'serial', 'by-id', 'usb-FTDI_eDVS_0042-if00-port0'))
  t.is(port(), `${join(dev, 'ttyUSB0')} (usb-FTDI_eDVS_0042-if00-port0)`)
})
