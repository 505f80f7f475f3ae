// A program that logs numbered lines, and the ways in which its log is rotated.

import { execFileSync } from 'node:child_process'
import {
  closeSync, copyFileSync, existsSync, openSync, readdirSync, renameSync, truncateSync, unlinkSync, writeSync,
} from 'node:fs'
import type { Random } from '../support/random.js'

export class Writer {
  /** Lines written so far; they are numbered from 0. */
  lines = 0
  rotations = 0
  #fd: number

  constructor(
    readonly path: string,
    private readonly random: Random,
  ) {
    this.#fd = openSync(path, 'a')
  }

  /** Appends lines, the last of them perhaps in two writes. */
  write(count: number): void {
    let text = ''
    for (let i = 0; i < count; i++) text += `${this.lines++} ${'x'.repeat(this.random.below(120))}\n`
    const bytes = Buffer.from(text)
    const cut = this.random.below(bytes.length)
    writeSync(this.#fd, bytes.subarray(0, cut))
    writeSync(this.#fd, bytes.subarray(cut))
  }

  /** Opens its path again, as daemons do when they are told that it was rotated. */
  reopen(): void {
    closeSync(this.#fd)
    this.#fd = openSync(this.path, 'a')
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Rotates the writer's log once. What is written meanwhile, and where, is part of the way. */
export type Rotate = (writer: Writer, random: Random) => void

/** Numbers files from 1, `app.log.1` being the newest; those packed stay so. */
function shift(path: string): void {
  const folder = path.slice(0, path.lastIndexOf('/'))
  const name = path.slice(folder.length + 1)
  const numbered = readdirSync(folder).flatMap((entry) => {
    const match = entry.startsWith(`${name}.`) ? /^(\d+)(\.\w+)?$/.exec(entry.slice(name.length + 1)) : null
    return match === null ? [] : [{ entry, number: Number(match[1]), packed: match[2] ?? '' }]
  })
  for (const { entry, number, packed } of numbered.sort((a, b) => b.number - a.number)) {
    renameSync(`${folder}/${entry}`, `${path}.${number + 1}${packed}`)
  }
}

/** Moved away; the program goes on writing there until it is told. */
const rename: Rotate = (writer, random) => {
  shift(writer.path)
  renameSync(writer.path, `${writer.path}.1`)
  writer.write(random.between(1, 30))
  writer.reopen()
}

/**
 * A copy is made and the file emptied. What a program writes in between is lost by this way itself: this one does
 * not.
 */
const copytruncate: Rotate = (writer) => {
  shift(writer.path)
  copyFileSync(writer.path, `${writer.path}.1`)
  truncateSync(writer.path)
}

const packing =
  (rotate: Rotate, which: number): Rotate =>
  (writer, random) => {
    rotate(writer, random)
    const path = `${writer.path}.${which}`
    if (existsSync(path)) execFileSync('gzip', [path])
  }

export const WAYS: { readonly [name: string]: Rotate } = {
  rename,
  'rename, packed at once': packing(rename, 1),
  'rename, packed the next time': packing(rename, 2),
  'rename to dates': (writer, random) => {
    renameSync(writer.path, `${writer.path}-${20_251_122 + writer.rotations}`)
    writer.write(random.between(1, 30))
    writer.reopen()
  },
  copytruncate,
  'copytruncate, packed at once': packing(copytruncate, 1),
}

/** Deleted; the program goes on writing until it is told. For a reader that has the file open. */
export const deletion: Rotate = (writer, random) => {
  unlinkSync(writer.path)
  writer.write(random.between(1, 30))
  writer.reopen()
}

/**
 * By logrotate(8), run by hand.
 *
 * @param paused whether the program waits meanwhile
 * @param dated whether it names files by the second, so that there can be one a second
 */
export function logrotate(config: string, state: string, paused: boolean, dated: boolean): Rotate {
  let last = 0
  return (writer, random) => {
    // time(2), which it asks, may be some milliseconds late.
    if (dated && Math.floor((Date.now() - 50) / 1000) <= last) return
    execFileSync('logrotate', ['-f', '-s', state, config], { stdio: 'pipe' })
    // The second that it has taken for the name, or a later one.
    last = Math.floor(Date.now() / 1000)
    if (!paused) writer.write(random.between(1, 30))
    writer.reopen()
  }
}
