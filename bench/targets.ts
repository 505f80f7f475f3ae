// A process that serves targets: TARGETS ports with SERIES series each, whose values move. Of every CHURN-th series (0: none)
// there is a new one at each scrape, in the place of an old one. Prints its ports as JSON, first the one that tells what was
// served (GET /) and makes all targets fail (GET /pause).

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

const [targets, series, churn] = process.argv.slice(2).map(Number)
const VARIANTS = 4
const CODES = ['200', '201', '404', '500']
const METHODS = ['GET', 'POST', 'PUT']

const served = { scrapes: 0 }
let paused = false

function body(target: number, scrape: number): Buffer {
  const variant = scrape % VARIANTS
  let text = '# HELP http_request_duration_seconds_total Time spent.\n# TYPE http_request_duration_seconds_total counter\n'
  for (let i = 0; i < series; i++) {
    const path = churn === 0 ? i : `${i}-${Math.floor((scrape + (i % churn)) / churn)}`
    const first = `code="${CODES[i % 4]}",handler="/api/v1/resource/${i % 50}",method="${METHODS[i % 3]}"`
    const value = i % 3 === 0 ? variant * 7 + (i % 11) + 0.25 : variant * 1000 + i
    text += `http_request_duration_seconds_total{${first},path="/p/${path}",zone="zone-${target % 3}"} ${value}\n`
  }
  return Buffer.from(text)
}

/** What a target shows at its n-th scrape: a ready body where the series stay, so that this process costs little. */
function bodiesOf(target: number): (scrape: number) => Buffer {
  if (churn > 0) return (scrape) => body(target, scrape)
  const bodies = Array.from({ length: VARIANTS }, (_, variant) => body(target, variant))
  return (scrape) => bodies[scrape % VARIANTS]
}

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: 0 }, handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const ports = [
  await listen((request, response) => {
    if (request.url === '/pause') paused = true
    response.end(JSON.stringify(served))
  }),
]
for (let target = 0; target < targets; target++) {
  const bodyOf = bodiesOf(target)
  let scrapes = 0
  ports.push(
    await listen((_request, response) => {
      if (paused) return void response.writeHead(503).end()
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
      response.end(bodyOf(scrapes++))
      response.on('finish', () => served.scrapes++)
    }),
  )
}
process.stdout.write(`${JSON.stringify(ports)}\n`)
