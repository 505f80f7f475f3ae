// The log on stderr: a line an event, for people or as NDJSON.

import { writeSync } from 'node:fs'
import type { Clock, Log, LogLevel } from '../component.js'

export type LogFormat = 'text' | 'json'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export function stderrLog(stage: string, level: LogLevel, format: LogFormat, clock: Clock): Log {
  const write = (at: LogLevel) => (message: string) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return
    stderr(format === 'json' ? JSON.stringify({ ts: clock.now(), level: at, stage, message }) : `solder ${stage}: ${message}`)
  }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** One line to stderr; what cannot be written there has nowhere else to go. */
export function stderr(line: string): void {
  try {
    writeSync(2, line.endsWith('\n') ? line : `${line}\n`)
  } catch {
    // stderr is closed or full.
  }
}
