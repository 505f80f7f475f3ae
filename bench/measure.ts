// What processes cost: CPU time and peak memory, read from /proc, and of commands that end, from the shell's own `time`.

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

/** CPU seconds that a running process has used. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Peak resident bytes of a running process. */
export function peakOf(pid: number): number {
  const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0) * 1024
}

/** Process ids of a process and all below it. */
export function familyOf(pid: number): number[] {
  const children = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(children)) return [pid]
  return [pid, ...readFileSync(children, 'utf8').trim().split(' ').filter(Boolean).flatMap((child) => familyOf(Number(child)))]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

/** Whether a program is on the PATH (Debian keeps daemons in /usr/sbin). */
export function findProgram(name: string): string | undefined {
  const folders = `${process.env.PATH}:/usr/sbin:/usr/bin`.split(':')
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

/** Starts a long-running shell command in a process group of its own; `stop` ends all of it. */
export function start(command: string): { pid: number; stop(): void; stderr(): string } {
  const child = spawn('bash', ['-c', command], { env: environment(), detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-4000)))
  const stop = () => {
    process.off('exit', stop)
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // It is gone already.
    }
  }
  process.once('exit', stop)
  return { pid: child.pid!, stop, stderr: () => text }
}
