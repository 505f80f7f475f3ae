// What processes cost: CPU time and memory, read from /proc, and of commands that end, from the shell's own `time`.

import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { environment } from '../test/support/solder.js'

export interface Cost {
  /** User and system CPU seconds. */
  cpu: number
  /** Wall seconds. */
  wall: number
}

/** CPU and wall seconds of a shell command that ends, alone or fed by a pipe; throws when it fails. */
export function costOf(command: string, feed?: string): Promise<Cost> {
  const timed = `( TIMEFORMAT='%U %S %R'; time ${command} )`
  const script = `set -o pipefail; ${feed === undefined ? timed : `${feed} | ${timed} | cat >/dev/null`}`
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', script], { env: environment(), maxBuffer: 1 << 26 }, (error, _stdout, stderr) => {
      const last = stderr.trim().split('\n').at(-1) ?? ''
      const [user, system, wall] = last.split(' ').map(Number)
      if (error !== null || Number.isNaN(wall)) reject(error ?? new Error(`no time in: ${stderr}`))
      else resolve({ cpu: user + system, wall })
    })
  })
}

const TICKS_PER_SECOND = 100

export interface Usage {
  pid: number
  /** What it runs: `solder scrape`, `prometheus`. */
  name: string
  /** CPU seconds since it began; `main` is the share of its first thread, where JavaScript runs. */
  user: number
  system: number
  main: number
  /** Resident bytes now (RssAnon + RssFile + RssShmem, the VmRSS of the kernel) and at most so far (VmHWM). */
  resident: number
  peak: number
}

/** What a running process and all below it have used so far, without the shells that only hold them. */
export function usageOf(pid: number): Usage[] {
  return familyOf(pid).flatMap((each) => {
    try {
      const words = readFileSync(`/proc/${each}/cmdline`, 'utf8').split('\0')
      if (/^(ba)?sh$/.test(words[0])) return []
      return [{ pid: each, name: nameOf(words), ...cpuOf(each), ...memoryOf(each) }]
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

function familyOf(pid: number): number[] {
  const children = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(children)) return [pid]
  return [pid, ...readFileSync(children, 'utf8').trim().split(' ').filter(Boolean).flatMap((child) => familyOf(Number(child)))]
}

function nameOf(words: readonly string[]): string {
  const solder = words.findIndex((word) => word.endsWith('/solder.js'))
  return solder < 0 ? words[0].split('/').at(-1)! : `solder ${words[solder + 1]}`
}

function cpuOf(pid: number): { user: number; system: number; main: number } {
  const [user, system] = ticksIn(`/proc/${pid}/stat`)
  const main = ticksIn(`/proc/${pid}/task/${pid}/stat`)
  return { user, system, main: main[0] + main[1] }
}

/** User and system seconds: fields 14 and 15 of proc(5) stat. */
function ticksIn(path: string): [number, number] {
  const stat = readFileSync(path, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [Number(fields[11]) / TICKS_PER_SECOND, Number(fields[12]) / TICKS_PER_SECOND]
}

function memoryOf(pid: number): { resident: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return { resident: bytesOf('VmRSS', status), peak: bytesOf('VmHWM', status) }
}

/** Proportional bytes: pages that several processes share, such as those of their program, count once among them. */
export function proportionalOf(pid: number): number {
  return bytesOf('Pss', readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
}

function bytesOf(key: string, text: string): number {
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}

/** Whether a program is on the PATH (Debian keeps daemons in /usr/sbin). */
export function findProgram(name: string): string | undefined {
  const folders = `${process.env.PATH}:/usr/sbin:/usr/bin`.split(':')
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

export interface Running {
  pid: number
  stop(): void
  /** Throws when it has ended, with the last of what it said. */
  check(): void
  /** The last lines that it said, without what it says about targets that were made to fail. */
  said(): string
}

/** Starts a long-running shell command in a process group of its own; `stop` ends all of it. */
export function start(command: string, env: { [name: string]: string } = {}): Running {
  const child = spawn('bash', ['-c', command], { env: environment(env), detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  let end: number | string | null = null
  child.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)))
  child.on('close', (code, signal) => (end = code ?? signal))
  const stop = () => {
    process.off('exit', stop)
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  process.once('exit', stop)
  const check = () => {
    if (end !== null) throw new Error(`${command.slice(0, 80)} … ended with ${end}: ${text}`)
  }
  const said = () => text.split('\n').filter((line) => line !== '' && !line.includes(' 503 ')).slice(-3).join(' / ')
  return { pid: child.pid!, stop, check, said }
}
