// A tailer as a stage: from what was typed, or from targets on stdin, to its end.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SourceContext } from '../component.js'
import { EXIT, Problem, problemsOf, throwAll } from '../diag/problem.js'
import type { OptionValues } from '../option/table.js'
import { hasLabel, labelPairs } from '../record/labels.js'
import type { Record } from '../record/record.js'
import type { BlockRule } from '../logs/block.js'
import { lockFolder, unlock } from '../spool/lock.js'
import { State } from '../state/state.js'
import { checkEncoding } from '../wire/lines/encoding.js'
import { Target, targetOf } from './follow.js'
import { exclusion, globOf } from './glob.js'
import type { TAIL_OPTIONS } from './options.js'
import { Positions } from './positions.js'
import { type TailOptions, Tailer } from './tailer.js'

export type StageOptions = OptionValues<typeof TAIL_OPTIONS> & { readonly state: string | undefined }

const MAX_NAME = 100

/** Throws every Problem at once. */
export async function checkFiles(globs: readonly string[], options: StageOptions): Promise<void> {
  const { exclude, encoding, name } = options
  const problems: Problem[] = []
  const attempt = async (step: () => unknown) => {
    try {
      await step()
    } catch (error) {
      problems.push(...problemsOf(error))
    }
  }
  for (const glob of globs) await attempt(() => globOf(glob))
  for (const glob of exclude) await attempt(() => exclusion(glob))
  await attempt(() => checkEncoding(encoding, '--encoding'))
  await attempt(() => blocksOf(options))
  if (!/^[\w.-]+$/.test(name) || name.length > MAX_NAME) {
    const expected = `1 to ${MAX_NAME} letters, digits, '_', '.', '-'`
    problems.push(new Problem(`--name: '${name}' is not valid`, { expected }))
  }
  throwAll(problems)
}

/** Follows until it is stopped, or with --once until all is read. */
export async function followFiles(
  globs: readonly string[], options: StageOptions, context: SourceContext,
): Promise<void> {
  await checkFiles(globs, options)
  const blocks = await blocksOf(options)
  const { state: folder, name, from } = options
  const state = folder === undefined ? null : new State(folder)
  const lock = folder === undefined ? null : await hold(folder, name)
  try {
    const positions = await Positions.load(from === 'start' ? null : state, name, context.clock, context.log)
    const targets = new Set<Target>()
    const tailer = new Tailer(targets, positions, state !== null, settingsOf(options, blocks), context)
    if (globs.length === 0) return await fed(tailer, targets, options, context)
    targets.add(new Target(globs.map(globOf), options.exclude, options.label, options.max_folders, context.log.error))
    await tailer.run()
  } finally {
    if (lock !== null) await unlock(lock)
  }
}

/** Which lines belong together, if some do. The engine of expressions is loaded for those alone. Throws a Problem. */
async function blocksOf(options: StageOptions): Promise<BlockRule | null> {
  const { multiline } = options
  if (multiline === undefined) return null
  if (multiline === '') throw new Problem("--multiline: no expression", { expected: 'an RE2 expression' })
  const { blockRule } = await import('../logs/block.js')
  return blockRule(multiline, options)
}

/** One stage at a time has the positions of a name. */
async function hold(folder: string, name: string): ReturnType<typeof lockFolder> {
  const path = join(folder, 'receive.file', name)
  await mkdir(path, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    const told = `--state: cannot make ${path}: ${cause.code}`
    throw new Problem(told, { cause, expected: 'a folder', exit: EXIT.temporary })
  })
  return lockFolder(path).catch((cause: unknown) => {
    if (!(cause instanceof Problem)) throw cause
    throw new Problem(`--state ${folder}: another 'receive file' has the name '${name}' there`, {
      cause,
      exit: EXIT.temporary,
      hint: 'give each a --name of its own, or wait until the other one has ended',
    })
  })
}

function settingsOf(options: StageOptions, blocks: BlockRule | null): TailOptions {
  const { every, delay, linger, encoding, once } = options
  return {
    ...{ every, delay, linger, encoding, once, blocks },
    scanEvery: options.scan_every,
    atEnd: options.from === 'end',
    partialWait: options.partial_wait,
    ignoreOlder: options.ignore_older,
    maxOpen: options.max_open,
    maxFiles: options.max_files,
    maxLine: options.max_entry_bytes,
  }
}

/** Targets come and go on stdin; when it ends, those that are there are followed on. */
async function fed(tailer: Tailer, targets: Set<Target>, options: StageOptions, context: SourceContext): Promise<void> {
  const feed = async () => {
    const known = new Map<string, Target>()
    for await (const batch of context.records()) {
      for (let row = 0; row < batch.length; row++) {
        const identity = batch.id(row)
        if (identity !== undefined) take({ identity, payload: batch.payload(row) }, known, targets, options, context)
      }
      tailer.wake()
    }
    return known.size
  }
  if (options.once) {
    await feed()
    return tailer.run()
  }
  const running = tailer.run()
  const ended = feed().then((count) => {
    // Without a target there is nothing to wait for.
    if (count === 0) tailer.stop()
    return running
  })
  await Promise.race([running, ended])
}

function take(
  record: Record,
  known: Map<string, Target>,
  targets: Set<Target>,
  { label, exclude, max_folders }: StageOptions,
  { account, reject, log }: SourceContext,
): void {
  const { type, labels } = record.identity
  if (type === 'checkpoint') return account.drop('consumed', 1)
  if (type !== 'target') {
    return reject({ reason: 'not_a_target', detail: `a ${type} record is no target`, original: record })
  }
  const key = record.identity.prefix.toString()
  const target = known.get(key)
  try {
    if (record.payload.state === 'gone') {
      known.delete(key)
      if (target !== undefined) target.gone = targets.delete(target)
    } else if (!hasLabel(labels, '__path__')) {
      return account.drop('no_path', 1)
    } else if (target === undefined) {
      const made = targetOf(new Map(labelPairs(labels)), label, exclude, max_folders, log.error)
      known.set(key, made)
      targets.add(made)
    }
    account.drop('consumed', 1)
  } catch (error) {
    const [problem] = problemsOf(error)
    reject({ reason: 'bad_target', detail: problem.message, original: record })
  }
}
