// Files of logfmt lines to Loki: read, parsed, the level made a label, a quarter of the lines dropped, the rest pushed and
// acknowledged, positions and pushes on disk. Beside rsyslog doing what comes nearest to it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../test/support/solder.js'
import { type Bar, type Bench, type Choice, isChosen, medianRow, type Row } from './bench.js'
import { findProgram, type Running, start, usageOf } from './measure.js'
import { delay, firstLine } from './rig.js'

const FILES = 4
const LINE_BYTES = 200
const LINES = 400_000
/** Every fourth line is of this level. */
const DROPPED = 'debug'
const LEVELS = ['info', DROPPED, 'warn', 'info']
const MIB = 1 << 20
const INPUT = (FILES * LINES * LINE_BYTES) / MIB
const KEPT = (FILES * LINES * 3) / 4

interface Place {
  /** Where the files of logs are, and what the contestant keeps. */
  files: string
  folder: string
  /** Where pushes go, and lines over TCP. */
  http: number
  tcp: number
  counts(): Promise<{ entries: number; bytes: number }>
}

interface Contestant {
  name: string
  program?: string
  command(place: Place): string
}

const FUSED: Contestant = {
  name: 'solder, fused, --state',
  command: (place) => fused(stages(place, `--state ${place.folder}/state`)),
}

const MEMORY: Contestant = {
  name: 'solder, fused, in memory',
  command: (place) => fused(stages(place, '')),
}

const PIPE: Contestant = {
  name: 'solder, shell pipe, --state',
  command: (place) => stages(place, `--state ${place.folder}/state`).map((words) => `solder ${words}`).join(' | '),
}

const ONE_FIELD: Contestant = {
  name: 'solder, fused, one field',
  command: (place) => fused(stages(place, `--state ${place.folder}/state`, 'level')),
}

const RSYSLOG: Contestant = {
  name: 'rsyslog',
  program: 'rsyslogd',
  command(place) {
    const { folder } = place
    mkdirSync(`${folder}/work`)
    writeFileSync(`${folder}/rules.rb`, 'version=2\nrule=:%.:name-value-list%\n')
    writeFileSync(`${folder}/rsyslog.conf`, rsyslogConfig(place))
    return `exec ${findProgram('rsyslogd')} -n -f ${folder}/rsyslog.conf -i ${folder}/pid`
  },
}

const CONTESTANTS = [FUSED, ONE_FIELD, MEMORY, PIPE, RSYSLOG]

/** @param fields that are extracted; all of them where it is empty */
function stages({ files, http }: Place, state: string, fields = ''): string[] {
  return [
    `receive file '${files}/*.log' --once ${state}`,
    `enrich logfmt ${fields}`,
    'enrich labels level',
    `filter 'labels.level != "${DROPPED}"'`,
    `write loki http://127.0.0.1:${http} ${state}`,
  ]
}

function fused(stages: readonly string[]): string {
  return `exec solder run -e '${stages.join(' | ').replaceAll("'", `'\\''`)}'`
}

function rsyslogConfig({ files, folder, tcp }: Place): string {
  return `
module(load="imfile")
module(load="mmnormalize")
global(workDirectory="${folder}/work")
template(name="line" type="string" string="%msg%\\n")
input(type="imfile" File="${files}/*.log" Tag="bench" readMode="0")
action(type="mmnormalize" rulebase="${folder}/rules.rb" useRawMsg="off")
if $!level == "${DROPPED}" then stop
action(type="omfwd" target="127.0.0.1" port="${tcp}" protocol="tcp" template="line"
       queue.type="LinkedList" queue.filename="forward" queue.size="200000" queue.saveOnShutdown="on")
`
}

function lineOf(number: number): string {
  const text =
    `ts=2026-11-22T22:00:00.${String(number % 1_000_000).padStart(6, '0')}Z level=${LEVELS[number % 4]} caller=handler.go:${number % 900}` +
    ` method=GET path=/api/v1/items/${(number * 7919) % 100_000} status=200 duration=${(number * 31) % 9999}us bytes=${(number * 131) % 65_536}` +
    ` trace=${((number * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')} msg=request_served`
  return `${text} pad=`.padEnd(LINE_BYTES - 1, 'x')
}

function makeFiles(): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'solder-bench-'))
  for (let file = 0; file < FILES; file++) {
    const fd = openSync(`${folder}/${file}.log`, 'w')
    for (let i = 0; i < LINES; i += 1000) {
      writeSync(fd, Array.from({ length: 1000 }, (_, j) => `${lineOf(i + j)}\n`).join(''))
    }
    closeSync(fd)
  }
  return folder
}

async function openLoki(): Promise<{ child: ChildProcess; ports: number[] }> {
  const child = spawn(process.execPath, [`${ROOT}/dist/bench/loki.js`])
  return { child, ports: (await firstLine(child)) as number[] }
}

const POLL_MS = 20
const PATIENCE_MS = 120_000

/** Waits until all lines have arrived; what it has cost until then, and the most memory that was resident at once. */
async function untilAll(running: Running, place: Place) {
  const cpu = new Map<number, number>()
  let resident = 0
  const began = Date.now()
  for (;;) {
    const { entries } = await place.counts()
    const done = entries >= KEPT || Date.now() - began > PATIENCE_MS
    const usages = usageOf(running.pid)
    // Stages of a pipe end before the last one does.
    for (const { pid, user, system } of usages) cpu.set(pid, user + system)
    resident = Math.max(resident, sum(usages.map((usage) => usage.resident)))
    if (done) return { entries, cpu: sum([...cpu.values()]), resident, wall: (Date.now() - began) / 1000 }
    await delay(POLL_MS)
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

async function measure(contestant: Contestant, files: string): Promise<Row> {
  const { child, ports } = await openLoki()
  const folder = mkdtempSync(`${files}/run-`)
  const [http, tcp] = ports
  const counts = async () => (await (await fetch(`http://127.0.0.1:${http}`)).json()) as { entries: number; bytes: number }
  const place = { files, folder, http, tcp, counts }
  const running = start(contestant.command(place))
  try {
    const { entries, cpu, resident, wall } = await untilAll(running, place)
    const figures = { 'mib/s_per_core': INPUT / cpu, 'cpu_us/line': (cpu / (FILES * LINES)) * 1e6, 'mib/s': INPUT / wall, 'rss_mib': resident / MIB }
    const mark = entries === KEPT ? undefined : `${entries} of ${KEPT} lines arrived; it said: ${running.said()}`
    return { name: contestant.name, figures, mark }
  } finally {
    running.stop()
    child.kill('SIGKILL')
    await delay(300)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

export const logs: Bench = {
  name: 'logs',
  base: [RSYSLOG.name, 'cpu_us/line'],
  async run(choice: Choice) {
    const chosen = CONTESTANTS.filter(({ name, program }) => isChosen(name, choice) && (program === undefined || findProgram(program) !== undefined))
    const rows = chosen.map(() => [] as Row[])
    const files = makeFiles()
    try {
      for (let round = 0; round < (choice.rounds ?? 3); round++) {
        for (const [at, contestant] of chosen.entries()) rows[at].push(await measure(contestant, files))
      }
    } finally {
      rmSync(files, { recursive: true })
    }
    return rows.map(medianRow)
  },
  bars: (rows) => [
    ...bar(rows, FUSED.name, 'mib/s_per_core', { least: 50 }),
    ...bar(rows, FUSED.name, 'rss_mib', { most: 150 }),
    ...bar(rows, PIPE.name, 'mib/s', { least: 20 }),
  ],
}

function bar(rows: readonly Row[], name: string, figure: string, limit: Bar['bar']): Bar[] {
  const row = rows.find((each) => each.name === name)
  return row === undefined ? [] : [{ what: `${figure} of ${name}`, figure: row.figures[figure], bar: limit }]
}
