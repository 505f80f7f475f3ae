// Canonical metric lines for filters to chew on: 20,000 series in turn, about 240 bytes a line.

import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SERIES = 20_000

function prefix(i: number): string {
  const code = ['200', '201', '404', '500'][i % 4]
  const labels = {
    cluster: 'prod-eu-1',
    code,
    handler: `/api/v1/resource/${i % 50}`,
    instance: `10.0.${(i >> 8) & 255}.${i & 255}:9100`,
    job: `job-${i % 20}`,
    method: ['GET', 'POST', 'PUT'][i % 3],
    path: `/p/${i % 97}`,
    zone: `zone-${i % 3}`,
  }
  return `{"type":"metric","name":"http_request_duration_seconds_total","labels":${JSON.stringify(labels)},"kind":"counter","ts":"`
}

/** Writes `count` lines to a new file; `remove` deletes it. */
export function makeLines(count: number): { path: string; remove(): void } {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'solder-bench-'))
  const path = join(folder, 'lines.ndjson')
  const prefixes = Array.from({ length: SERIES }, (_, i) => prefix(i))
  const fd = openSync(path, 'w')
  let text = ''
  for (let i = 0; i < count; i++) {
    const round = Math.floor(i / SERIES)
    const value = i % 3 === 0 ? round * 7 + (i % 11) + 0.25 : round * 7 + (i % 1000)
    text += `${prefixes[i % SERIES]}${1763804400000 + round * 15_000}000000","value":${value}}\n`
    if (text.length > 1 << 20) {
      writeSync(fd, text)
      text = ''
    }
  }
  writeSync(fd, text)
  closeSync(fd)
  return { path, remove: () => rmSync(folder, { recursive: true }) }
}
