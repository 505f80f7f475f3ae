// logger(1), rsyslogd and syslog-ng as senders to `receive syslog`, and the latter two as receivers of `write syslog`.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { freePort, missingPeers, until } from '../support/peers.js'
import { sh } from '../support/solder.js'
import { type LogEntry, Receiving } from '../support/source_process.js'
import { temporary } from '../support/temporary.js'

t.setTimeout(120_000)

/** rsyslogd with a configuration of its own, until the test ends; resolves when `ready` holds. */
async function rsyslogd(t: Test, folder: string, config: string, ready: () => Promise<unknown>): Promise<void> {
  writeFileSync(`${folder}/rsyslog.conf`, `global(workDirectory="${folder}" debug.onShutdown="off")\n${config}`)
  const log = openSync(`${folder}/rsyslogd.log`, 'w')
  const child = spawn('rsyslogd', ['-n', '-f', `${folder}/rsyslog.conf`, '-i', `${folder}/pid`], { stdio: ['ignore', log, log] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(readFileSync(`${folder}/rsyslogd.log`, 'utf8'))
    return (await ready()) === true ? true : undefined
  }, 'rsyslogd is ready')
}

const labelsOf = (entries: readonly LogEntry[]) => entries.map(({ labels }) => labels)

t.test('logger', { skip: missingPeers('logger') }, async (t) => {
  const receiving = await Receiving.start(t, ['syslog', '--listen', 'udp://127.0.0.1:0', '--listen', 'tcp://127.0.0.1:0'], 2)
  const [udp, tcp] = receiving.ports.map(String)
  const logger = (...words: string[]) => spawnSync('logger', ['-n', '127.0.0.1', ...words]).status
  const before = BigInt(Date.now() - 2000) * 1_000_000n
  const data = ['--msgid', 'M1', '--sd-id', 'zoo@123', '--sd-param', 'tiger="hungry"', '--sd-param', 'x="a\\"b\\]c"']
  const sent = [
    ['-d', '-P', udp, '-t', 'app', '-p', 'local3.err', 'RFC 5424 over UDP'],
    ['-d', '-P', udp, '--rfc3164', '-t', 'app', '--id=77', '-p', 'mail.debug', 'RFC 3164 over UDP'],
    ['-T', '-P', tcp, '-t', 'app', 'a line over TCP'],
    ['-T', '-P', tcp, '--octet-count', '-t', 'app', 'two lines\nover TCP'],
    ['-T', '-P', tcp, '--octet-count', '-t', 'app', ...data, 'grün'],
  ]
  for (const [i, words] of sent.entries()) {
    t.equal(logger(...words), 0)
    await receiving.records(i + 1)
  }
  t.equal(await receiving.stop(), 0)
  t.same(receiving.bodies, sent.map((words) => words.at(-1)))
  const { entries } = receiving
  t.ok(entries.every(({ ts }) => BigInt(ts) >= before && BigInt(ts) <= before + 120_000_000_000n), 'times')
  const { hostname } = entries[0].labels!
  t.same(labelsOf(entries.slice(0, 3)), [
    { app: 'app', facility: 'local3', hostname, severity: 'error' },
    { app: 'app', facility: 'mail', hostname, severity: 'debug' },
    { app: 'app', facility: 'user', hostname, severity: 'notice' },
  ])
  t.same(entries.map(({ severity_number }) => severity_number), [17, 5, 10, 10, 10])
  t.equal(entries[1].attributes?.proc_id, '77')
  t.equal(entries[4].attributes?.msg_id, 'M1')
  t.match(entries[4].attributes?.structured_data, { 'zoo@123': { tiger: 'hungry', x: 'a"b]c' } })
})

t.test('rsyslogd forwards, in each of its forms', { skip: missingPeers('logger', 'rsyslogd') }, async (t) => {
  const places = ['tcp', 'tcp', 'tcp', 'udp'].flatMap((transport) => ['--listen', `${transport}://127.0.0.1:0`])
  const receiving = await Receiving.start(t, ['syslog', ...places, '--attribute-fields', 'proc_id'], 4)
  const [counted, lines, traditional, udp] = receiving.ports
  const folder = temporary(t)
  const forward = (port: number, protocol: string, template: string, more = '') =>
    `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="${protocol}" template="${template}" ${more})\n`
  await rsyslogd(
    t,
    folder,
    `module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${folder}/log" CreatePath="on")
${forward(counted, 'tcp', 'RSYSLOG_SyslogProtocol23Format', 'TCP_Framing="octet-counted"')}
${forward(lines, 'tcp', 'RSYSLOG_ForwardFormat')}
${forward(traditional, 'tcp', 'RSYSLOG_TraditionalForwardFormat')}
${forward(udp, 'udp', 'RSYSLOG_SyslogProtocol23Format')}`,
    async () => existsSync(`${folder}/log`),
  )
  const count = 50
  for (let i = 0; i < count; i++) spawnSync('logger', ['-u', `${folder}/log`, '-t', 'app', '--id=12', '-p', 'daemon.warning', `message ${i}`])
  const entries = await receiving.records(4 * count)
  t.equal(await receiving.stop(), 0)
  // In RFC 5424 rsyslogd sends the space that stood behind the tag, too.
  const bodies = entries.map(({ body }) => String(body).replace(/^ /, '')).sort()
  const expected = Array.from({ length: count }, (_, i) => Array<string>(4).fill(`message ${i}`)).flat().sort()
  t.same(bodies, expected, 'each message once over each way')
  const { hostname } = entries[0].labels!
  for (const { labels, attributes } of entries) {
    t.same(labels, { app: 'app', facility: 'daemon', hostname, severity: 'warning' })
    t.equal(attributes?.proc_id, '12')
  }
})

t.test('rsyslogd receives, in each of its forms; it goes away and comes back', { skip: missingPeers('rsyslogd') }, async (t) => {
  const folder = temporary(t)
  const [tcp, udp] = [await freePort(), await freePort()]
  const config = `module(load="imtcp")
module(load="imudp")
input(type="imtcp" address="127.0.0.1" port="${tcp}")
input(type="imudp" address="127.0.0.1" port="${udp}")
template(name="all" type="string" string="%pri% %timereported:::date-rfc3339% %hostname% %app-name% %procid% %msgid% %structured-data% %msg%\\n")
action(type="omfile" file="${folder}/out" template="all")
`
  const records = (count: number, more: object = {}) =>
    Array.from({ length: count }, (_, i) => JSON.stringify({ type: 'log', labels: { app: 'shop', site: 'attic' }, ts: `176380440012345600${i % 10}`, body: `paid ${i}`, ...more }) + '\n').join('')
  const to = (port: number, protocol: string) => `solder write syslog ${protocol}://127.0.0.1:${port} --hostname h`
  const out = () => (existsSync(`${folder}/out`) ? readFileSync(`${folder}/out`, 'utf8').split('\n').slice(0, -1) : [])
  // It is down when this begins to send.
  const sending = sh(`${to(tcp, 'tcp')} --structured-data-id solder@32473`, { stdin: records(1000, { severity: 'ERROR', severity_number: 17, attributes: { msg_id: 'M', pid: 7, facility: 'cron' } }) })
  await rsyslogd(t, folder, config, async () => (await connects(tcp)) || undefined)
  t.equal((await sending).code, 0)
  await until(async () => out().length >= 1000 || undefined, 'a thousand messages')
  t.equal(out().length, 1000)
  t.equal(out()[999], '75 2025-11-22T09:40:00.123456Z h shop 7 M [solder@32473 site="attic" pid="7"] paid 999')
  const ways = [
    [`${to(tcp, 'tcp')} --framing newline`, '13 2025-11-22T09:40:00.123456Z h shop - - - two#012lines'],
    [`${to(udp, 'udp')}`, '13 2025-11-22T09:40:00.123456Z h shop - - - two#012lines'],
    [`${to(tcp, 'tcp')} --format rfc3164 --timezone Local`, / h shop - - - two#012lines$/],
  ] as const
  for (const [i, [command, line]] of ways.entries()) {
    const { code, stderr } = await sh(command, { stdin: records(1, { body: 'two\nlines' }) })
    t.equal(code, 0, stderr)
    await until(async () => out().length > 1000 + i || undefined, command)
    t.match(out()[1000 + i].replace(/ +(?=two)/, ' '), line)
  }
})

t.test('syslog-ng, in both directions', { skip: missingPeers('logger', 'syslog-ng') }, async (t) => {
  const receiving = await Receiving.start(t, ['syslog', '--listen', 'tcp://127.0.0.1:0', '--listen', 'udp://127.0.0.1:0'], 2)
  const [tcp, udp] = receiving.ports
  const [counted, lines] = [await freePort(), await freePort()]
  const folder = temporary(t)
  const to = (name: string, driver: string, port: number, transport: string) =>
    `destination ${name} { ${driver}("127.0.0.1" port(${port}) transport("${transport}") persist-name("${name}")); };\n`
  writeFileSync(
    `${folder}/syslog-ng.conf`,
    `@version: 3.38
options { keep-hostname(yes); use-dns(no); dns-cache(no); };
source local { unix-dgram("${folder}/log"); };
source net { syslog(ip(127.0.0.1) port(${counted}) transport("tcp")); network(ip(127.0.0.1) port(${lines}) transport("tcp")); };
${to('new', 'syslog', tcp, 'tcp')}${to('old', 'network', tcp, 'tcp')}${to('datagrams', 'network', udp, 'udp')}
destination out { file("${folder}/out" template("$PRI $HOST $PROGRAM $PID $MSGID $SDATA $MSG\\n")); };
log { source(local); destination(new); destination(old); destination(datagrams); };
log { source(net); destination(out); };
`,
  )
  const paths = ['-f', 'syslog-ng.conf', '-R', 'persist', '-p', 'pid', '-c', 'control'].map((word) => (word.startsWith('-') ? word : `${folder}/${word}`))
  const log = openSync(`${folder}/syslog-ng.log`, 'w')
  const child = spawn('syslog-ng', ['-F', '--no-caps', ...paths], { stdio: ['ignore', log, log] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(readFileSync(`${folder}/syslog-ng.log`, 'utf8'))
    return (existsSync(`${folder}/log`) && (await connects(counted)) && (await connects(lines))) || undefined
  }, 'syslog-ng is ready')
  spawnSync('logger', ['-u', `${folder}/log`, '-t', 'app', '--id=12', '-p', 'daemon.warning', 'by syslog-ng'])
  const entries = await receiving.records(3)
  t.equal(await receiving.stop(), 0)
  for (const { body, severity, labels, attributes } of entries) {
    t.same([body, severity, labels?.app, labels?.facility, attributes?.proc_id], ['by syslog-ng', 'warning', 'app', 'daemon', '12'])
  }
  const out = () => (existsSync(`${folder}/out`) ? readFileSync(`${folder}/out`, 'utf8').split('\n').slice(0, -1) : [])
  const record = (body: string) => JSON.stringify({ type: 'log', labels: { app: 'shop', site: 'attic' }, ts: '1763804400123456789', body, severity: 'ERROR', attributes: { msg_id: 'M', pid: 7 } }) + '\n'
  const sent = await sh(`solder write syslog 127.0.0.1:${counted} --hostname h --structured-data-id solder@32473`, { stdin: record('in RFC 5424') })
  t.equal(sent.code, 0, sent.stderr)
  await until(async () => out().length >= 1 || undefined, 'RFC 5424')
  const old = await sh(`solder write syslog 127.0.0.1:${lines} --hostname h --format rfc3164 --framing newline`, { stdin: record('in RFC 3164') })
  t.equal(old.code, 0, old.stderr)
  await until(async () => out().length >= 2 || undefined, 'RFC 3164')
  t.match(out()[0], /^11 h shop 7 M \[solder@32473 .*site="attic".*\] in RFC 5424$/)
  t.match(out()[1], /^11 h shop 7 .* in RFC 3164$/)
})

/** Whether somebody listens on a port. */
function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(true)).listen(port, '127.0.0.1', () => server.close(() => resolve(false)))
  })
}
