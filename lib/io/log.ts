// The log on stderr: a line an event, for people or as NDJSON.

import { writeSync } from 'node:fs'
import type { Clock, Log, LogLevel } from '../component.js'
import { withoutSecrets } from '../diag/hidden.js'

export type LogFormat = 'text' | 'json'

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

export function stderrLog(stage: string, level: LogLevel, format: LogFormat, clock: Clock): Log {
  const write = (at: LogLevel) => (message: string) => {
    if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return
    const event = { ts: clock.now(), level: at, stage, message }
    stderr(format === 'json' ? JSON.stringify(event) : `solder ${stage}: ${message}`)
  }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** Control characters but tab and newline. */
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]/g

/** One line to stderr, without secrets; what cannot be written has nowhere else to go. Data in it cannot steer a terminal. */
export function stderr(line: string): void {
  const text = withoutSecrets(line).replace(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
  try {
    writeSync(2, text.endsWith('\n') ? text : `${text}\n`)
  } catch {
    // stderr is closed or full.
  }
}
