// receive loki --ack durable | write loki --state: what a sender was told to be stored reaches Loki, in the order of
// its stream, whichever stage is killed when.

import t from 'tap'
import { FakeLoki } from '../support/loki.js'
import { freePort } from '../support/peers.js'
import { Pipe } from '../support/pipe.js'
import { temporary } from '../support/temporary.js'

t.setTimeout(120_000)

const ENTRIES = 120
/** A stage is killed after so many answers. */
const EVERY = 15

const RETRY_MS = 10

t.test('every entry that was answered with 204 arrives, in its order, through kill -9 of either stage', async (t) => {
  const folder = temporary(t)
  // Loki itself fails now and then.
  const loki = await FakeLoki.start((index) => ({ status: index % 5 === 4 ? 503 : 204 }))
  t.teardown(() => loki.stop())
  const port = await freePort()
  const stages = [
    `solder receive loki --listen 127.0.0.1:${port} --ack durable --ack-timeout 1s --state ${folder}/state`,
    `solder write loki ${loki.url} --state ${folder}/state --fsync always --batch-wait 5ms --min-backoff 1ms --max-backoff 5ms`,
  ]
  let pipe = Pipe.start(stages, folder)
  t.teardown(() => Promise.all([0, 1].map((stage) => pipe.signal(stage, 'SIGKILL'))))

  const post = async (number: number): Promise<boolean> => {
    const values = [[`${1763804400 + number}000000000`, String(number)]]
    const body = JSON.stringify({ streams: [{ stream: { app: 'shop' }, values }] })
    const headers = { 'content-type': 'application/json', 'x-scope-orgid': 'team' }
    const url = `http://127.0.0.1:${port}/loki/api/v1/push`
    return fetch(url, { method: 'POST', headers, body }).then(({ status }) => status === 204, () => false)
  }

  let kills = 0
  for (let number = 0; number < ENTRIES; number++) {
    while (!(await post(number))) {
      if (pipe.over) pipe = Pipe.start(stages, folder)
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
    if (number % EVERY !== EVERY - 1 || number === ENTRIES - 1) continue
    // While the next one is on its way.
    const next = post(number + 1)
    await pipe.signal(kills++ % 2, 'SIGKILL')
    await next
    await pipe.signal(0, 'SIGTERM')
    await pipe.ended
    pipe = Pipe.start(stages, folder)
  }
  t.equal(kills, ENTRIES / EVERY - 1)
  await pipe.signal(0, 'SIGTERM')
  const ended = await pipe.ended
  t.same(ended.map(({ code }) => code), [0, 0], ended.map(({ stderr }) => stderr).join(''))
  const stored = loki.stored
  t.ok(stored.every(({ tenant, labels }) => tenant === 'team' && labels === '{app="shop"}'))
  const first = [...new Set(stored.map(({ line }) => Number(line)))]
  t.same(first, Array.from({ length: ENTRIES }, (_, i) => i), 'all of them, none before its turn')
  t.comment(`${stored.length - first.length} twice`)
})
