// What a pipeline does, said: its processes, what waits where, what a kill may cost, and shell pipelines that do so
// too.

import type { Component } from '../component.js'
import { didYouMean, Problem } from '../diag/problem.js'
import { defaultValue, durationText } from '../option/value.js'
import { BRANCH_OPTIONS, type BranchValues } from '../pipeline/branch_options.js'
import { type ComponentStage, nameOf, type Pipe, type Pipeline, type PipeStage, stagesOf } from '../pipeline/model.js'
import { endsOf, pipelinesOf, scriptOf } from './shell.js'

const WIDTH = 110

/**
 * A shell script whose comments explain it. Secrets are not in it.
 * @param run the command that runs pipelines, for what waits between branches
 * @param only the name of a pipe, which is explained with those that it reads. Throws a Problem where there is none
 */
export function explain({ pipes }: Pipeline, run: Component, only?: string): string {
  const shown = only === undefined ? pipes : withSources(pipes, only)
  const ends = endsOf(shown)
  let asked = 0
  const ask = () => `SOLDER_SECRET_${++asked}`
  const parts = shown.map((pipe) => [commentOf(pipe, run), pipelinesOf(pipe, ends, ask)] as const)
  return scriptOf(parts, ends)
}

function withSources(pipes: readonly Pipe[], only: string): Pipe[] {
  const names = pipes.map(({ name }) => name)
  if (!names.includes(only)) {
    throw new Problem(`unknown pipe '${only}'`, { expected: names.join(', '), hint: didYouMean(only, names) })
  }
  const wanted = new Set([only])
  // Each stands behind those that it reads.
  for (const { name, reads } of [...pipes].reverse()) if (wanted.has(name)) for (const read of reads) wanted.add(read)
  return pipes.filter(({ name }) => wanted.has(name))
}

function commentOf(pipe: Pipe, run: Component): string {
  const { file, line } = pipe.place
  const facts: [string, string][] = [
    ['processes', processes(pipe)],
    ...buffers(pipe, run),
    ['delivery', delivery(pipe, run)],
    ...stagesOf(pipe).flatMap(promise),
  ]
  const lines = [
    `pipe '${pipe.name}' (${file}:${line})`,
    ...facts.flatMap(([what, text]) => wrapped(`  ${what}: `, text)),
  ]
  return lines.map((text) => `# ${text}\n`).join('')
}

/** A text over as many lines as it takes. */
function wrapped(head: string, text: string): string[] {
  const lines = [head]
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1]
    if (last.trim() !== head.trim() && last.length + word.length > WIDTH) lines.push(`    ${word} `)
    else lines[lines.length - 1] = `${last}${word} `
  }
  return lines.map((line) => line.trimEnd())
}

function processes(pipe: Pipe): string {
  const stages = stagesOf(pipe)
  const programs = stages.filter(({ kind }) => kind === 'program').map(({ words }) => words[0].toString())
  const fused = stages
    .filter(({ kind }) => kind === 'component')
    .map(nameOf)
    .join(', ')
  const one = `one for ${fused}`
  return programs.length === 0 ? one : `${one}; ${programs.map((program) => `one for ${program}`).join('; ')}`
}

/** What may wait where stages meet. */
function buffers(pipe: Pipe, run: Component): [string, string][] {
  const found: [string, string][] = []
  const stages = stagesOf(pipe)
  if (stages.length > 1) found.push(['between stages', 'a batch or a few, in memory; then the stage before waits'])
  if (stages.some(({ kind }) => kind === 'program')) found.push(['around programs', 'lines, in pipes of the system'])
  const ways = pipe.to.length + pipe.readers.length
  if (ways > 1) {
    const said = pipe.branch === null ? '(solder run --branch-buffer, --branch-full)' : "('branch' of the pipe)"
    found.push([`to each of ${ways} branches`, `${waiting(pipe, branchOf(pipe, run))} ${said}`])
  }
  for (const stage of stages) {
    const held = stage.kind === 'component' ? holds(stage) : null
    if (held !== null) found.push([`in ${nameOf(stage)}`, held])
  }
  return found
}

/** What waits for each branch where `solder run` is told nothing. */
function branchOf({ branch }: Pipe, run: Component): BranchValues {
  const keys = Object.keys(BRANCH_OPTIONS)
  const defaults = keys.map((key) => [key, defaultValue(run.options[key])])
  const standard = Object.fromEntries(defaults) as unknown as BranchValues
  return { ...standard, ...branch?.values }
}

function waiting({ name }: Pipe, branch: BranchValues): string {
  const { branch_buffer: buffer, branch_full: full, branch_patience: patience, branch_state: state } = branch
  const { branch_spool_bytes: most, branch_spool_age: age } = branch
  const memory = `${bytes(buffer)} in memory`
  const idle = `it took nothing for ${durationText(patience)}`
  if (full === 'block') return `${memory}, then the pipe waits`
  if (full === 'drop_oldest') return `${memory}, then the oldest go, once ${idle}`
  const older = age === 0 ? '' : `, and what is older than ${durationText(age)}`
  return `${memory}, then, or once ${idle}, ${bytes(most)} on disk, in ${state}/branches/${name}; beyond that the oldest go${older}`
}

/** What a sink holds that its destination does not take. */
function holds({ component, input }: ComponentStage): string | null {
  const given = input().options as { readonly [key: string]: unknown }
  if (!('buffer_bytes' in component.options)) return null
  if (given.state !== undefined) {
    return `up to ${bytes(given.spool_bytes)} for each destination on disk, in ${String(given.state)}/spool`
  }
  return `up to ${bytes(given.buffer_bytes)} for each destination, in memory`
}

function bytes(value: unknown): string {
  const count = Number(value)
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (count >= size && count % size === 0) return `${count / size}${unit}`
  }
  return `${count}B`
}

/** What a kill may cost. */
function delivery(pipe: Pipe, run: Component): string {
  const sinks = pipe.to.map((branch) => branch[branch.length - 1])
  const kept = sinks.length > 0 && sinks.every((stage) => stateOf(stage) !== null)
  const sources = pipe.from.map(({ stages }) => (stages.length > 0 ? goesBack(stages[0]) : null))
  const folders = new Set([...sinks.map(stateOf), ...sources])
  const parts = pipe.to.length + pipe.readers.length > 1
  const full = branchOf(pipe, run).branch_full
  const bound = full === 'spool' ? ' that the disk has no room for' : ''
  const loses = parts && full !== 'block' ? `; a branch that takes nothing loses its oldest records${bound}, and counts them` : ''
  const from = pipe.reads.length === 0 ? '' : `of what ${pipe.reads.join(', ')} passes on: `
  if (kept && folders.size === 1 && pipe.reads.length === 0 && !parts) {
    return 'at least once, whatever is killed: the source goes back to what the sink has committed'
  }
  if (kept) return `${from}a sink keeps on disk what it has taken; what is on its way there is lost by a kill${loses}`
  return `${from}at most once: what is in memory is lost by a kill${loses}`
}

/** The folder in which a stage commits. */
function stateOf(stage: PipeStage): string | null {
  if (stage.kind !== 'component') return null
  const { state } = stage.input().options as { readonly state?: string }
  return state ?? null
}

/** The folder of committed positions of a source that can go back to them. */
function goesBack(stage: PipeStage): string | null {
  if (stage.kind !== 'component' || !stage.component.emits.includes('checkpoint')) return null
  const { ack } = stage.input().options as { readonly ack?: string }
  return ack === 'received' ? null : stateOf(stage)
}

/** What a stage promises: the first sentence of its guarantee. */
function promise(stage: PipeStage): [string, string][] {
  if (stage.kind === 'program') return []
  const [sentence] = stage.component.guarantee.trim().split(/(?<=\.)\s/)
  return [[stage.component.name, sentence]]
}
