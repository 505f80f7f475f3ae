// Sources that take streams of lines, under a supervisor: a reload under load loses no line, and refuses no connection.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { freePort, until } from '../support/peers.js'
import { Supervised } from '../support/supervised.js'

t.setTimeout(300_000)

/** Sends numbered messages as rsyslog does: told that nobody reads on, it turns to a new connection. */
class Sender {
  sent = 0
  refused = 0
  #stopped = false
  constructor(private readonly port: number) {}

  async run(): Promise<void> {
    while (!this.#stopped) {
      const socket = connect(this.port, '127.0.0.1')
      let open = true
      socket.on('error', () => this.refused++)
      socket.resume().on('end', () => (open = false)).on('close', () => (open = false))
      await once(socket, 'connect')
      while (open && !this.#stopped) await this.#send(socket)
      socket.end()
      await new Promise((resolve) => (socket.closed ? resolve(null) : socket.on('close', resolve)))
    }
  }

  stop(): void {
    this.#stopped = true
  }

  async #send(socket: Socket): Promise<void> {
    const message = `<13>${this.sent++}`
    socket.write(`${message.length} ${message}`)
    // A turn of the loop, so that an end is seen.
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

t.test('reloads while syslog comes over several connections', async (t) => {
  const port = await freePort()
  const pipes = (version: number) =>
    `version: 1\npipes:\n  logs: receive syslog --listen tcp://127.0.0.1:${port} --label v=${version} | write file out.ndjson\n`
  const run = await new Supervised(t as Test, pipes(0)).running()
  const senders = Array.from({ length: 3 }, () => new Sender(port))
  const sending = senders.map((sender) => sender.run())
  const total = () => senders.reduce((sum, { sent }) => sum + sent, 0)
  for (let version = 1; version <= 4; version++) {
    const before = total()
    await until(async () => total() > before + 50 || undefined, 'more messages')
    run.write(pipes(version))
    const { status, text } = await run.reload()
    t.equal(status, 200, text)
  }
  for (const sender of senders) sender.stop()
  await Promise.all(sending)
  const lines = () => run.text('out.ndjson').split('\n').slice(0, -1)
  await until(async () => lines().length >= total() || undefined, `${total()} lines`)
  t.equal(await run.stop(), 0)
  const bodies = lines().map((line) => (JSON.parse(line) as { body: string }).body).sort()
  const expected = senders.flatMap(({ sent }) => Array.from({ length: sent }, (_, i) => String(i))).sort()
  t.equal(bodies.length, expected.length)
  t.ok(bodies.every((body, i) => body === expected[i]), 'each message once')
  t.same(senders.map(({ refused }) => refused), [0, 0, 0], 'no connection was refused or reset')
})

t.test('a pipe that listens for datagrams alone is ready when it runs', async (t) => {
  const port = await freePort()
  const pipes = `version: 1\npipes:\n  logs: receive syslog --listen udp://127.0.0.1:${port} | write file out.ndjson\n`
  const began = performance.now()
  const run = await new Supervised(t as Test, pipes).running()
  t.ok(performance.now() - began < 25_000, 'it does not wait for a supervisor to listen')
  t.equal(await run.stop(), 0)
})
