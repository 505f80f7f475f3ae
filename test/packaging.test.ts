// What is shipped beside the code: units, dashboards and rules know the programs and metrics that there are.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import run from '../commands/run/pipeline.js'
import { familiesOf } from '../lib/admin/metrics.js'
import { systemClock } from '../lib/io/clock.js'
import { Events } from '../lib/supervisor/events.js'
import { Supervisor } from '../lib/supervisor/supervisor.js'
import { missingPeers } from './support/peers.js'
import { ROOT } from './support/solder.js'
import { temporary } from './support/temporary.js'

const read = (path: string) => readFileSync(`${ROOT}/${path}`, 'utf8')

/** Names of all series that the admin server tells. */
function metricNames(): Set<string> {
  const events = new Events(systemClock, 'json', 'info')
  const bounds = { branch_buffer: 0, branch_patience: 0, branch_spool_bytes: 0, branch_spool_age: 0 }
  const branch = { ...bounds, branch_full: 'block', branch_state: undefined } as const
  const load = () => Promise.reject(new Error('nothing to load'))
  const supervisor = new Supervisor({ load, command: [], events, clock: systemClock, branch, maxMemory: null, drain: 0, once: false })
  const suffixes = { counter: '_total', info: '_info', gauge: '' }
  return new Set(familiesOf(supervisor, events).map(({ name, type }) => name + suffixes[type]))
}

t.test('dashboards and rules ask for metrics that there are, and the page about running names all of them', async (t) => {
  const names = metricNames()
  for (const path of ['examples/dashboards/solder.json', 'examples/dashboards/alerts.yaml', 'docs/running.md']) {
    const asked = [...read(path).matchAll(/\bsolder_[a-z_]+/g)].map(([name]) => name)
    t.same(asked.filter((name) => !names.has(name)), [], path)
  }
  t.same([...names].filter((name) => !read('docs/running.md').includes(name)), [])
})

t.test('the dashboard is JSON, its panels have numbers and places of their own', async (t) => {
  const { panels } = JSON.parse(read('examples/dashboards/solder.json')) as { panels: { id: number; gridPos: { x: number; y: number } }[] }
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  t.equal(new Set(panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size, panels.length)
})

t.test('promtool takes the rules', { skip: missingPeers('promtool') }, async (t) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', `${ROOT}/examples/dashboards/alerts.yaml`], { encoding: 'utf8' })
  t.equal(status, 0, stdout + stderr)
})

t.test('systemd takes the units', { skip: missingPeers('systemd-analyze') }, async (t) => {
  const folder = temporary(t)
  writeFileSync(join(folder, 'solder.socket'), read('packaging/solder.socket'))
  // The program and its manual are not installed here.
  const unit = read('packaging/solder.service').replace('/usr/bin/solder', '/bin/true').replace(/^Documentation=.*\n/m, '')
  writeFileSync(join(folder, 'solder.service'), unit)
  const words = ['verify', join(folder, 'solder.service'), join(folder, 'solder.socket')]
  const { status, stdout, stderr } = spawnSync('systemd-analyze', words, { encoding: 'utf8' })
  t.same([status, stdout, stderr], [0, '', ''])
})

t.test('a service has more time to stop than a pipe has to drain', async (t) => {
  const [, seconds] = /^TimeoutStopSec=(\d+)s$/m.exec(read('packaging/solder.service'))!
  t.ok(Number(seconds) > parseInt(run.options.drain.default))
})
