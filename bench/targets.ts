// A process that serves targets: TARGETS ports, each with SERIES series whose values move. Prints its ports as JSON.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const [targets, series] = process.argv.slice(2).map(Number)
const VARIANTS = 4

function body(target: number, variant: number): Buffer {
  let text = '# HELP http_request_duration_seconds_total Time spent.\n# TYPE http_request_duration_seconds_total counter\n'
  for (let i = 0; i < series; i++) {
    const labels = `code="${['200', '201', '404', '500'][i % 4]}",handler="/api/v1/resource/${i % 50}",method="${['GET', 'POST', 'PUT'][i % 3]}",path="/p/${i}",zone="zone-${target % 3}"`
    text += `http_request_duration_seconds_total{${labels}} ${i % 3 === 0 ? variant * 7 + (i % 11) + 0.25 : variant * 1000 + i}\n`
  }
  return Buffer.from(text)
}

const ports: number[] = []
for (let target = 0; target < targets; target++) {
  const bodies = Array.from({ length: VARIANTS }, (_, variant) => body(target, variant))
  let scrapes = 0
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(bodies[scrapes++ % VARIANTS])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ports.push((server.address() as AddressInfo).port)
}
process.stdout.write(`${JSON.stringify(ports)}\n`)
