import { request } from 'node:http'
import test from 'ava'
import {
  isOwnHost,
  isOwnOrigin,
  isViewAddress,
  parseViewAddress,
  tokenFor,
} from '../../../pipeline/view/live/address.js'
import { ViewClient } from '../../support/view-client.js'
import { openView } from '../../support/view-run.js'
import { until } from '../../support/wait.js'

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const call = request(url.replace(/#.*/, ''), options, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body }),
      )
    })
    call.on('error', reject)
    call.end()
  })
}

test('the page comes with a policy that lets nothing else run, and holds no script of its own', async (t) => {
  const { url } = await openView(t, undefined)
  t.regex(url, /^http:\/\/127\.0\.0\.1:\d+\/$/)
  const { status, headers, body } = await ask(url)
  t.is(status, 200)
  const policy = String(headers['content-security-policy'])
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
  ])
    t.true(policy.includes(rule), rule)
  t.false(policy.includes('unsafe'))
  t.is(headers['x-content-type-options'], 'nosniff')
  t.notRegex(body, /<script(?![^>]*src=)|<style|\son\w+=|style=/)
  const names = [...body.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, name]) => name!)
  t.true(names.length >= 3)
  for (const name of names) t.is((await ask(url + name)).status, 200, name)
  t.notRegex(body, /https?:\/\//)
})

test('only GET and HEAD of what is there are answered, and nothing beside the page can be read', async (t) => {
  const { url } = await openView(t, undefined)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
    t.is((await ask(url, { method })).status, 405, method)
  t.is((await ask(url, { method: 'HEAD' })).body, '')
  for (const path of [
    '../package.json',
    '..%2f..%2fpackage.json',
    'assets/../../x',
    'nothing',
    'assets',
  ])
    t.is((await ask(url + path)).status, 404, path)
})

test('a name that is not this machine, and a page of another origin, are refused', async (t) => {
  const view = await openView(t, undefined)
  const { host } = new URL(view.url)
  t.is((await ask(view.url, { headers: { Host: 'evil.example' } })).status, 421)
  const strangers: Record<string, string>[] = [
    { Host: 'evil.example', Origin: 'http://evil.example' },
    { Origin: 'http://evil.example' },
    { Origin: `http://${host}.evil.example` },
    { Origin: 'null' },
  ]
  for (const headers of strangers) {
    const client = new ViewClient(view.url, { headers })
    await until(() => client.closed !== undefined, JSON.stringify(headers))
    t.is(client.closed, 403, JSON.stringify(headers))
  }
  await ViewClient.open(view.url, { headers: { Origin: `http://${host}` } })
  const other = new ViewClient(view.url, { protocols: ['saccade.view.0'] })
  await until(() => other.closed !== undefined, 'another protocol')
  t.is(other.closed, 400)
})

test('a page for other machines asks for its token, which stands behind the #', async (t) => {
  const view = await openView(t, undefined, { listen: '0.0.0.0:0' })
  const { hash } = new URL(view.url)
  t.regex(hash, /^#token=[\w-]{24}$/)
  const here = view.url.replace('0.0.0.0', '127.0.0.1')
  for (const token of [undefined, 'wrong', `${hash.slice(7)}x`]) {
    const client = new ViewClient(here, { token })
    await until(() => client.closed !== undefined, `token ${token}`)
    t.is(client.closed, 4401)
    t.is(client.hello, undefined)
  }
  t.is((await ViewClient.open(here, { token: hash.slice(7) })).hello!.source, 'the camera')
  // One's own is in no line that a log may keep.
  const own = await openView(t, undefined, { listen: '0.0.0.0:0', token: 'a-token-of-my-own' })
  t.false(own.url.includes('token'))
})

test('a taken port is told with the address', async (t) => {
  const { port } = new URL((await openView(t, undefined)).url)
  await t.throwsAsync(openView(t, undefined, { listen: `127.0.0.1:${port}` }), {
    code: 'ERR_CONNECT',
    message: `the page cannot be served at 127.0.0.1:${port}: another program has that port`,
  })
})

test('addresses, names and origins are read as written', (t) => {
  t.deepEqual(parseViewAddress('8080'), { host: '127.0.0.1', port: 8080 })
  t.deepEqual(parseViewAddress(':8080'), { host: '127.0.0.1', port: 8080 })
  t.deepEqual(parseViewAddress('robot.local:1'), { host: 'robot.local', port: 1 })
  t.deepEqual(parseViewAddress('[::]:7117'), { host: '::', port: 7117 })
  for (const text of ['drive_td.dat', '', '70000', 'a:b', 'http://x:1', '::1'])
    t.false(isViewAddress(text), text)
  t.is(tokenFor('127.0.0.1', undefined), undefined)
  t.is(tokenFor('::1', undefined), undefined)
  t.not(tokenFor('0.0.0.0', undefined), tokenFor('0.0.0.0', undefined))
  for (const header of ['localhost:1', '127.0.0.1', '[::1]:7117', '192.168.1.9:80', 'robot.lan'])
    t.true(isOwnHost(header, 'robot.lan'), header)
  for (const header of [undefined, '', 'evil.example', 'localhost.evil.example', 'a@localhost'])
    t.false(isOwnHost(header, '127.0.0.1'), header)
  t.true(isOwnOrigin('http://a:1', 'a:1'))
  t.false(isOwnOrigin('http://a:2', 'a:1'))
})
