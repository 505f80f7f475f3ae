// The log of a running pipeline: one line an event, for people on a terminal, as NDJSON elsewhere; and how many there
// were.

import type { Clock, LogLevel } from '../component.js'
import { type LogFormat, stderr } from '../io/log.js'

export interface PipelineEvent {
  readonly level: LogLevel
  /** null: the supervisor's own. */
  readonly pipe: string | null
  /** A stage's command, or null. */
  readonly stage: string | null
  readonly message: string
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error']

/** Continuation lines of a message for people. */
const INDENT = '\n    '

export class Events {
  /** Events of stages by pipe, stage and level. */
  readonly counts = new Map<string, { pipe: string; stage: string; level: LogLevel; count: number }>()

  constructor(
    private readonly clock: Clock,
    private readonly format: LogFormat,
    private readonly level: LogLevel,
  ) {}

  tell(event: PipelineEvent): void {
    const { level, pipe, stage, message } = event
    if (pipe !== null && stage !== null) this.#count(pipe, stage, level)
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.level)) return
    if (this.format === 'json') {
      const from = { pipe: pipe ?? undefined, stage: stage ?? undefined }
      return stderr(JSON.stringify({ ts: this.clock.now(), level, ...from, message }))
    }
    const time = new Date(this.clock.millis()).toTimeString().slice(0, 8)
    const from = [pipe, stage].filter((part) => part !== null).map((part) => `${part}: `).join('')
    const word = level === 'info' ? '' : `${level}: `
    stderr(`${time} ${word}${from}${message.replaceAll('\n', INDENT)}`)
  }

  info(message: string, pipe: string | null = null): void {
    this.tell({ level: 'info', pipe, stage: null, message })
  }

  warn(message: string, pipe: string | null = null): void {
    this.tell({ level: 'warn', pipe, stage: null, message })
  }

  error(message: string, pipe: string | null = null): void {
    this.tell({ level: 'error', pipe, stage: null, message })
  }

  #count(pipe: string, stage: string, level: LogLevel): void {
    const key = JSON.stringify([pipe, stage, level])
    const known = this.counts.get(key) ?? { pipe, stage, level, count: 0 }
    known.count++
    this.counts.set(key, known)
  }
}

/** What a process of a pipe wrote to stderr: its log is NDJSON, anything else is shown as it is. */
export function eventOf(pipe: string, line: string): PipelineEvent {
  const value = objectIn(line)
  const { level, stage, message } = value ?? {}
  if (typeof message === 'string' && typeof stage === 'string' && LEVELS.includes(level as string)) {
    return { pipe, level: level as LogLevel, stage: stage === pipe ? null : stage, message }
  }
  return { pipe, level: 'info', stage: null, message: line }
}

function objectIn(line: string): { [key: string]: unknown } | null {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line) as { [key: string]: unknown }
  } catch {
    return null
  }
}
