// What a request costs the client: over its own connections, and by undici, which takes what goes by TLS or through a proxy.

import { BodyBuffers } from '../lib/net/buffers.js'
import type { HttpClient } from '../lib/net/client.js'
import { clientWith } from '../test/support/client.js'
import { type Bench, isChosen, medianRow, type Row } from './bench.js'
import { Rig } from './rig.js'

const SERIES = 5000
const POST_BYTES = 60_000
const REQUESTS = { get: 200, post: 1000 }

const OWN = 'own connections'
const UNDICI = 'undici'

export const http: Bench = {
  name: 'http',
  base: [UNDICI, 'get_us'],
  async run(choice) {
    const rig = await Rig.open({ targets: 1, series: SERIES, churn: 0 })
    const names = [OWN, UNDICI].filter((name) => isChosen(name, choice))
    const rounds = new Map(names.map((name): [string, Row[]] => [name, []]))
    try {
      // In turn, so that a busy moment of the machine hits both; the first round is for the compiler.
      for (let round = 0; round <= (choice.rounds ?? 7); round++) {
        for (const name of names) {
          const figures = await costs(rig, name === OWN)
          if (round > 0) rounds.get(name)!.push({ name, figures })
        }
      }
      return [...rounds.values()].map(medianRow)
    } finally {
      await rig.close()
    }
  },
  bars: () => [],
}

async function costs(rig: Rig, direct: boolean): Promise<Row['figures']> {
  const client = await clientWith({}, { direct })
  const buffers = new BodyBuffers()
  const get = await cost(REQUESTS.get, async () => {
    buffers.give((await client.request({ method: 'GET', url: `http://${rig.targets[0]}/metrics`, buffers })).body)
  })
  const body = Buffer.alloc(POST_BYTES, 'x')
  const post = await cost(REQUESTS.post, () => posted(client, rig.url, body))
  await client.close()
  return { get_us: get[0] + get[1], get_user_us: get[0], get_sys_us: get[1], post_us: post[0] + post[1], post_user_us: post[0], post_sys_us: post[1] }
}

async function posted(client: HttpClient, url: string, body: Buffer): Promise<void> {
  await client.request({ method: 'POST', url, headers: { 'content-type': 'application/octet-stream' }, body })
}

/** User and system time of this process for one run, microseconds. */
async function cost(times: number, run: () => Promise<void>): Promise<[user: number, system: number]> {
  await run()
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) await run()
  const { user, system } = process.cpuUsage(before)
  return [user / times, system / times]
}
