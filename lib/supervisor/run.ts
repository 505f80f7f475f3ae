// `solder run FILE`: a supervisor with its signals, its log, its admin server, and whatever started it.

import type { Catalogue, LogLevel } from '../component.js'
import type { Language } from '../config/language.js'
import { type Problem, Problems, renderProblem, throwAll } from '../diag/problem.js'
import { systemClock } from '../io/clock.js'
import type { LogFormat } from '../io/log.js'
import { stopSignal } from '../io/signal.js'
import type { BranchValues } from '../pipeline/branch_options.js'
import type { Pipeline } from '../pipeline/model.js'
import { onHangUp, onStarterGone } from './end.js'
import { Events } from './events.js'
import { inheritedSockets, notify } from './notify.js'
import { type Reloaded, Supervisor } from './supervisor.js'
import { watchFiles } from './watch.js'

export interface RunOptions {
  readonly paths: readonly string[]
  readonly language: Language
  /** Of pipes that say nothing else. */
  readonly branch: BranchValues
  readonly maxMemory: number | null
  readonly drain: number
  readonly once: boolean
  readonly watch: boolean
  readonly logFormat: LogFormat
  readonly logLevel: LogLevel
}

/** Serves a running pipeline to the outside, from when it resolves until the signal. */
export type Serve = (running: RunningPipeline) => Promise<{ ended: Promise<void> }>

export interface RunningPipeline {
  readonly supervisor: Supervisor
  readonly events: Events
  /** Aborts when everything has ended. */
  readonly signal: AbortSignal
  /** Reads the files again. Throws what is wrong, which has been logged then. */
  reload(why: string): Promise<Reloaded>
}

/**
 * Runs until it is asked to stop, or until all pipes have ended; the exit code. Throws the Problems of the files, and
 * of whatever cannot be started.
 */
export async function runPipeline(options: RunOptions, serve: Serve | null): Promise<number> {
  let files: readonly string[] = []
  const read = () => load(options, (found) => (files = found))
  const pipeline = await read()
  const stop = stopSignal()
  const events = new Events(systemClock, options.logFormat, options.logLevel)
  const command = childCommand(options)
  const supervisor = new Supervisor({ ...options, clock: systemClock, events, load: read, command })
  const over = new AbortController()
  const running = { supervisor, events, signal: over.signal, reload: (why: string) => reload(supervisor, events, why) }
  const inherited = await supervisor.sockets.inherit(inheritedSockets())
  if (inherited.length > 0) events.info(`listening sockets handed over: ${inherited.join(', ')}`)
  // As SIGTERM does; a second one would end it without draining.
  const leave = () => void (stop.aborted || process.kill(process.pid, 'SIGTERM'))
  onHangUp(() => void running.reload('SIGHUP').catch(() => {}), leave)
  onStarterGone(leave)
  const served = (await serve?.(running))?.ended
  // It is over when the pipeline is; before, it can only fail.
  const failed = served?.then(() => new Promise<never>(() => {})) ?? new Promise<never>(() => {})
  failed.catch(() => {})
  try {
    const changed = (file: string) => running.reload(`${file} changed`).then(() => {}, () => {})
    if (options.watch) await watchFiles(() => files, changed, over.signal)
    const started = await Promise.race([supervisor.start(pipeline), failed])
    events.info(`running ${started.started.join(', ')}`)
    await notify('--ready', `--status=running ${supervisor.pipes.length} pipes`)
    stop.addEventListener('abort', () => void end(supervisor, events))
    if (stop.aborted) await end(supervisor, events)
    return await Promise.race([supervisor.run(), failed])
  } finally {
    await supervisor.stop()
    over.abort()
    await served?.catch(() => {})
  }
}

async function end(supervisor: Supervisor, events: Events): Promise<void> {
  const again = process.stderr.isTTY ? '; Ctrl-C ends it now' : ''
  events.info(`stopping: sources stop, what is in flight drains${again}`)
  await notify('--stopping')
  await supervisor.stop()
}

async function reload(supervisor: Supervisor, events: Events, why: string): Promise<Reloaded> {
  events.info(`reloading: ${why}`)
  await notify('--reloading')
  try {
    const done = await supervisor.reload()
    const list = (word: string, names: readonly string[]) => (names.length === 0 ? [] : [`${word} ${names.join(', ')}`])
    const { started, stopped, unchanged } = done
    const words = [...list('started', started), ...list('stopped', stopped), ...list('unchanged', unchanged)]
    events.info(`reloaded: ${words.join('; ')}`)
    return done
  } catch (error) {
    events.error(`not reloaded, nothing has changed:\n${complaint(error)}`)
    throw error
  } finally {
    await notify('--ready')
  }
}

/** What is wrong, as people read it. */
export function complaint(error: unknown): string {
  const problems: readonly Problem[] = error instanceof Problems ? error.list : [error as Problem]
  return problems.map((problem) => renderProblem(problem, 'solder run').trimEnd()).join('\n')
}

/** @param read told of all files, also where something is wrong with them */
async function load({ paths, language }: RunOptions, read: (files: readonly string[]) => void): Promise<Pipeline> {
  const { loadPipeline, pipelineFiles } = await import('../config/load.js')
  const { pipeline, problems, files } = await loadPipeline(await pipelineFiles(paths), language)
  read(files)
  throwAll([...problems])
  return pipeline!
}

/** Of the memory that a process may take, the share that its heap may: beyond, it is collected rather than extended. */
const HEAP_SHARE = 0.75

function childCommand({ maxMemory }: RunOptions): string[] {
  const heap = maxMemory === null ? [] : [`--max-old-space-size=${Math.ceil((maxMemory * HEAP_SHARE) / (1 << 20))}`]
  return [process.execPath, ...process.execArgv, ...heap, process.argv[1], 'run', '--child']
}

/** The process of one pipe, which a supervisor started. */
export async function runChild(catalogue: Catalogue): Promise<number> {
  const { runPipeProcess } = await import('./process.js')
  return runPipeProcess(catalogue)
}
