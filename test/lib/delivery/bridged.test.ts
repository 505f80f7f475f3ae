// A sink behind a bridge: what concerns it is translated, what is held goes on in time, and nothing is stored before
// its time.

import t from 'tap'
import { OtlpTransform } from '../../../lib/bridge/prometheus_otlp/transform.js'
import { isPrometheusIdentity } from '../../../lib/bridge/shape.js'
import type { Context, Sink } from '../../../lib/component.js'
import { BridgedSink } from '../../../lib/delivery/bridged.js'
import { StageAccount } from '../../../lib/io/account.js'
import { RecordBatch } from '../../../lib/record/batch.js'
import { recordOf } from '../../support/stage.js'
import { TestClock } from '../../support/clock.js'

const SETTINGS = { trim_suffixes: false, join_wait: 1000, max_held: 1000, max_series: 100, max_buckets: 100 }

class Recorder implements Sink {
  readonly events: string[] = []
  write(batch: { length: number; id(row: number): { name: string } | undefined }): void {
    for (let row = 0; row < batch.length; row++) this.events.push(batch.id(row)!.name)
  }
  sync(): Promise<void> {
    this.events.push('sync')
    return Promise.resolve()
  }
  end(): void {
    this.events.push('end')
  }
}

function bridged(sink: Sink) {
  const clock = new TestClock()
  const account = new StageAccount()
  const loads: string[] = []
  const context = { clock, account, reject: () => {} } as unknown as Context
  const load = () => {
    loads.push('loaded')
    return Promise.resolve(new OtlpTransform(SETTINGS, context))
  }
  return { clock, loads, behind: new BridgedSink(sink, { concerns: isPrometheusIdentity, load }, clock) }
}

const batchOf = (...records: object[]) => {
  const all = records.map((record) => recordOf({ type: 'metric', ts: '1', ...record }))
  return new RecordBatch(all.map(({ identity }) => identity), all.map(({ payload }) => payload))
}
const OTLP = { name: 'otlp', kind: 'gauge', unit: 's', value: 1 }
const COUNT = { name: 'h_count', kind: 'histogram', value: 1 }

t.test('the bridge is loaded when it is needed; others pass', async (t) => {
  const sink = new Recorder()
  const { behind, loads } = bridged(sink)
  t.equal(behind.write(batchOf(OTLP)), undefined)
  t.same(loads, [])
  await behind.write(batchOf({ name: 'up', kind: 'gauge', value: 1 }, OTLP))
  await behind.write(batchOf({ name: 'up', kind: 'gauge', value: 1 }))
  t.same(loads, ['loaded'])
  await behind.end()
  t.same(sink.events, ['otlp', 'up', 'otlp', 'up', 'end'])
})

t.test('what is held goes on when it is due, before what came earlier is said to be stored', async (t) => {
  const sink = new Recorder()
  const { behind, clock } = bridged(sink)
  await behind.write(batchOf(COUNT))
  t.same(sink.events, [])
  const synced = behind.sync!()
  await behind.write(batchOf(OTLP))
  await clock.run(synced)
  t.equal(clock.time, 1000)
  t.same(sink.events, ['otlp', 'h', 'sync'])
  await behind.write(batchOf({ ...COUNT, ts: '2' }, { ...COUNT, name: 'i_count' }))
  await behind.end()
  t.same(sink.events.slice(3), ['h', 'i', 'end'], 'and at the end')
})

t.test('a sink that fails while nothing comes is known by the next write', async (t) => {
  const sink = new Recorder()
  const { behind, clock } = bridged(sink)
  sink.write = () => {
    throw new Error('full')
  }
  await behind.write(batchOf(COUNT))
  await t.rejects(clock.run(behind.sync!()), { message: 'full' })
  t.throws(() => behind.write(batchOf(OTLP)), { message: 'full' })
  await t.rejects(behind.end(), { message: 'full' })
})

t.test('without sync there is none', async (t) => {
  const { behind } = bridged({ write() {}, end() {} })
  t.equal(behind.sync, undefined)
})
